import pytest
from graphql import OperationDefinitionNode, parse, validate

from cmdb.api.graphql_schema import executable
from cmdb.api.operations import operation_names, read_operation
from cmdb.errors import ErrorCode, NotFound

NAMES = operation_names()


def test_every_question_of_the_design_has_an_operation() -> None:
    assert {
        "impact",
        "upstream_changes",
        "probable_causes",
        "what_if",
        "symptom_intake",
        "timeline",
        "search",
        "get",
        "topology",
        "situations",
        "my_services",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_operation_is_valid_and_carries_the_name_of_its_file(name: str) -> None:
    document = parse(read_operation(name))
    assert validate(executable(), document) == []
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    assert operation.name is not None
    assert operation.name.value == name
    assert read_operation(name).startswith("# ")


@pytest.mark.parametrize("name", ["nothing", "../schema", "", "impact.graphql"])
def test_other_names_are_not_read(name: str) -> None:
    with pytest.raises(NotFound) as caught:
        read_operation(name)
    assert caught.value.code is ErrorCode.NOT_FOUND
