import json

from graphql import build_schema

from cmdb.api.contract import generated_files
from cmdb.errors import ErrorCode

TEXTS = {path.name: text for path, text in generated_files().items()}


def test_the_schema_is_read_by_other_tools() -> None:
    assert build_schema(TEXTS["schema.graphql"]).query_type is not None


def test_the_catalogue_describes_every_code() -> None:
    assert json.loads(TEXTS["errors.json"]) == {code.value: code.description for code in ErrorCode}
