from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    specified_scalar_types,
)

from cmdb.api.graphql_schema import executable

SCHEMA = executable()
BUILT_IN = set(specified_scalar_types)
OURS = [kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__") and name not in BUILT_IN]


def described(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    yield kind.name, kind.description
    if isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description
    if isinstance(kind, GraphQLInputObjectType | GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            for argument, declared in getattr(field, "args", {}).items():
                yield f"{kind.name}.{name}({argument})", declared.description


def test_everything_is_described() -> None:
    assert [name for kind in OURS for name, text in described(kind) if not text] == []


def test_descriptions_are_sentences() -> None:
    parts = [
        (name, text)
        for kind in OURS
        if not isinstance(kind, GraphQLScalarType)
        for name, text in described(kind)
    ]
    assert [name for name, text in parts if text and not text.rstrip().endswith((".", "?"))] == []


def test_nodes_have_a_global_id_and_can_be_refetched() -> None:
    node = SCHEMA.get_type("Node")
    assert isinstance(node, GraphQLInterfaceType)
    assert {kind.name for kind in SCHEMA.get_possible_types(node)} == {
        "ConfigurationItem",
        "Event",
        "Change",
        "Ticket",
        "Party",
    }
    assert SCHEMA.query_type is not None
    assert {"node", "nodes"} <= set(SCHEMA.query_type.fields)


def test_connections_follow_the_relay_shape() -> None:
    connections = [kind for kind in OURS if kind.name.endswith("Connection")]
    assert len(connections) == 4
    for kind in connections:
        assert isinstance(kind, GraphQLObjectType)
        assert set(kind.fields) == {"edges", "pageInfo", "totalCount"}
        edge = get_named_type(kind.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert set(edge.fields) == {"node", "cursor"}
    page_info = SCHEMA.get_type("PageInfo")
    assert isinstance(page_info, GraphQLObjectType)
    assert set(page_info.fields) == {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"}


def test_lists_page_by_first_and_after() -> None:
    assert SCHEMA.query_type is not None
    for name in ("items", "services", "events", "changes", "tickets"):
        assert set(SCHEMA.query_type.fields[name].args) == {"filter", "first", "after", "asOf", "knownAt"}


def test_answers_say_what_they_hold_for() -> None:
    reports = [kind for kind in OURS if kind.name.endswith("Report") and isinstance(kind, GraphQLObjectType)]
    assert len(reports) == 11
    assert [kind.name for kind in reports if "basis" not in kind.fields] == []


def test_a_question_that_fails_leaves_the_others_answered() -> None:
    assert SCHEMA.query_type is not None
    fields = SCHEMA.query_type.fields
    assert [name for name, field in fields.items() if isinstance(field.type, GraphQLNonNull)] == []


def test_mutations_answer_expected_failures_as_data() -> None:
    assert SCHEMA.mutation_type is not None
    for field in SCHEMA.mutation_type.fields.values():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        assert {"revision", "userErrors"} <= set(payload.fields)
        assert set(field.args) == {"input"}
