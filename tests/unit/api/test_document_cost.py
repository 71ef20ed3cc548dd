import pytest
from graphql import build_schema, parse

from cmdb.api.document_cost import LIMITS, QUESTION, Measure, check_cost
from cmdb.errors import ErrorCode, InvalidInput

SCHEMA = build_schema(
    """
    type Query { rows(first: Int! = 20): [Row], walk(limit: Int! = 200): [Row], one: Row }
    type Row { key: String, rows(first: Int! = 10): [Row], other: Row }
    """
)


def measure(text: str) -> Measure:
    return check_cost(SCHEMA, parse(text))


def refusal(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        measure(text)
    return caught.value


def doubling(count: int) -> str:
    spread = "\n".join(f"fragment f{n} on Row {{ ...f{n + 1} ...f{n + 1} }}" for n in range(count))
    return f"{{ one {{ ...f0 }} }}\n{spread}\nfragment f{count} on Row {{ key }}"


def test_cost_multiplies_page_sizes_down_the_tree() -> None:
    assert measure("{ one { key } }").cost == QUESTION + 1
    assert measure("{ rows(first: 7) { key } }").cost == QUESTION + 7
    assert measure("{ rows(first: 7) { rows(first: 5) { key } } }").cost == QUESTION + 7 * (1 + 5)


def test_cost_takes_the_declared_default_where_no_size_is_given() -> None:
    assert measure("{ rows { key } }").cost == QUESTION + 20
    assert measure("{ walk { key } }").cost == QUESTION + 200


def test_cost_takes_the_most_for_a_variable_so_that_the_verdict_holds_for_every_value() -> None:
    assert measure("query($n: Int!) { rows(first: $n) { key } }").cost == QUESTION + 100


def test_cost_caps_impossible_sizes_that_the_resolver_refuses() -> None:
    assert measure("{ rows(first: 100000) { key } }").cost == QUESTION + 100
    assert measure("{ rows(first: -5) { key } }").cost == QUESTION + 1


def test_fragments_count_where_they_are_spread() -> None:
    direct = measure("{ rows(first: 7) { a: key other { key } } }")
    spread = measure("{ rows(first: 7) { ...F } } fragment F on Row { a: key other { key } }")
    assert (spread.cost, spread.fields, spread.depth, spread.aliases) == (
        direct.cost,
        direct.fields,
        direct.depth,
        direct.aliases,
    )


def test_depth_of_a_fragment_is_relative_to_its_spread() -> None:
    # A fragment first met near the top must still count in full where it stands deeper.
    fragment = "fragment F on Row " + "{ other " * 10 + "{ key }" + " }" * 10
    deep = "{ other " * 9 + "{ ...F }" + " }" * 9
    assert measure("{ one { ...F } } " + fragment).depth == 12
    error = refusal("{ first: one { ...F } second: one " + deep + " } " + fragment)
    assert error.code is ErrorCode.TOO_COSTLY
    assert error.place is not None
    assert error.place.field == "depth"


def test_doubling_fragments_are_measured_once_each() -> None:
    assert measure(doubling(8)).fields == 1 + 2**8
    for count in (20, 40):
        assert refusal(doubling(count)).code is ErrorCode.TOO_COSTLY
    assert refusal(doubling(90)).code is ErrorCode.TOO_COSTLY


def test_ninety_doubling_fragments_without_any_field_are_measured_in_linear_time() -> None:
    spread = "\n".join(f"fragment f{n} on Row {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
    text = f"{{ one {{ ...f0 }} }}\n{spread}\nfragment f40 on Row {{ }}"
    assert measure(text).fields == 1


def test_each_question_has_its_price_and_introspection_has_not() -> None:
    assert measure("{ a: one { key } b: one { key } }").cost == 2 * (QUESTION + 1)
    assert measure("{ __typename }").cost == 1
    error = refusal("{ " + " ".join(f"a{n}: one {{ key }}" for n in range(21)) + " }")
    assert error.place is not None
    assert error.place.field == "cost"


def test_circles_of_fragments_are_hostile() -> None:
    for text in (
        "{ one { ...A } } fragment A on Row { ...A }",
        "{ one { ...A } } fragment A on Row { other { ...B } } fragment B on Row { ...A }",
    ):
        assert refusal(text).code is ErrorCode.HOSTILE_DOCUMENT


def test_long_chains_of_fragments_end_before_the_interpreter_does() -> None:
    chain = " ".join(f"fragment f{n} on Row {{ ...f{n + 1} }}" for n in range(600))
    error = refusal("{ one { ...f0 } } " + chain + " fragment f600 on Row { key }")
    assert error.place is not None
    assert error.place.field == "nesting"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ one " + "{ other " * 20 + "{ key }" + " }" * 20 + " }", "depth"),
        ("{ one { " + " ".join(f"a{n}: key" for n in range(51)) + " } }", "aliases"),
        ("{ one { " + "key " * 2001 + "} }", "fields"),
        ("{ one { key " + "@skip(if: false) " * 51 + "} }", "directives"),
        ("{ rows(first: 100) { rows(first: 100) { rows(first: 100) { key } } } }", "cost"),
        ("query Q " + "@a " * 51 + "{ one { key } }", "directives"),
        ("{ one { ...F } } fragment F on Row " + "@a " * 51 + "{ key }", "directives"),
    ],
)
def test_each_limit_names_itself_and_what_was_found(text: str, limit: str) -> None:
    error = refusal(text)
    assert error.code is ErrorCode.TOO_COSTLY
    assert error.place is not None
    assert error.place.field == limit
    assert str(getattr(LIMITS, limit)) in error.message


def test_each_operation_is_measured_by_itself() -> None:
    one = "query {name} {{ rows(first: 100) {{ rows(first: 100) {{ key other {{ key }} }} }} }}"
    text = " ".join(one.format(name=f"Q{n}") for n in range(5))
    assert measure(text).cost == measure(one.format(name="Q")).cost


def test_unknown_fields_and_fragments_are_left_to_validation() -> None:
    assert measure("{ nothing { at { all } } one { ...Missing } }").fields == 4
