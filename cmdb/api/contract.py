"""The published contract, generated from the code: the schema in SDL and the catalogue of error codes."""

import json
from pathlib import Path

from cmdb import resources
from cmdb.api.graphql_schema import print_sdl
from cmdb.errors import ErrorCode


def generated_files() -> dict[Path, str]:
    """Return each generated file with its contents; the committed files must equal them."""
    folder = resources.folder("graphql")
    return {folder / "schema.graphql": print_sdl(), folder / "errors.json": _error_catalogue()}


def _error_catalogue() -> str:
    codes = {code.value: code.description for code in ErrorCode}
    return json.dumps(codes, indent=2, ensure_ascii=False) + "\n"
