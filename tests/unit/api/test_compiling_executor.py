"""Compiled answers are graphql-core's, byte for byte, errors included; and they are compiled indeed."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from inspect import isawaitable
from typing import Any

import pytest
from graphql import ExecutionResult, execute
from graphql.execution import Executor
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from cmdb.api.compiling_executor import CompilingExecutor, Plans
from cmdb.api.context import RequestContext
from cmdb.api.document_gate import DocumentGate, DocumentRefused, Prepared
from cmdb.api.global_ids import NodeKind, encode_id
from cmdb.api.graphql_schema import executable
from cmdb.api.operations import read_operation
from cmdb.application.application import Application
from cmdb.application.requests import ImpactRequest, OpenTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import ImpactAnswer
from cmdb.model.severity import Severity
from tests.integration.test_api_operations import NEED_NOTHING, VARIABLES
from tests.support.documents import EVENT, documents
from tests.support.feeds import run, seen
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, furnished, raised

SCHEMA = executable()
GATE = DocumentGate(SCHEMA)
WRITING = ("record_", "open_", "update_", "attach_")
IMPACT = read_operation("impact")
ORIGIN = {"origin": {"event": EVENT}}


@dataclass
class Tally:
    """How many functions were found, and how often one declined."""

    found: int = 0
    declined: int = 0


class CountedPlans(Plans):
    """Plans with a tally."""

    def __init__(self, kept: int = 8) -> None:
        super().__init__(kept)
        self.tally = Tally()


class CountedExecutor(CompilingExecutor):
    """Counts in the tally of the plans."""

    def __init__(self, *given: Any, prepared: Prepared, plans: CountedPlans, **named: Any) -> None:
        super().__init__(*given, prepared=prepared, plans=plans, **named)
        self.tally = plans.tally

    def complete_object_value(self, *given: Any) -> Any:
        """Count a plan that has a function for this object."""
        plan = self._plan
        if plan is not None:
            kind, details, _info, path, *_ = given
            self.tally.found += plan.find(self, kind, details, path) is not None
        return super().complete_object_value(*given)

    def _decline(self, *given: Any) -> Any:
        self.tally.declined += 1
        return super()._decline(*given)


class Damaged(Application):
    """An application whose impact answers are what a test makes of them."""

    answer: ImpactAnswer

    async def impact(
        self, _principal: Principal, _request: ImpactRequest, _at_least: int = 0
    ) -> ImpactAnswer:
        """Return the damaged answer."""
        return self.answer


class Desk:
    """One application, asked through graphql-core and through compiled functions."""

    def __init__(self, bench: Bench, application: Application, runner: asyncio.Runner, ticket: str) -> None:
        self._bench = bench
        self._application = application
        self._runner = runner
        self.ticket = ticket

    def damaged(self, answer: ImpactAnswer) -> "Desk":
        """Return a desk whose impact answers are this one."""
        graph = self._bench.graph
        application = Damaged(
            graph, graph, self._application.metamodel, self._bench.clock, self._bench.run_log
        )
        application.answer = answer
        return Desk(self._bench, application, self._runner, self.ticket)

    def impact(self) -> ImpactAnswer:
        """Return a whole answer, with path, causes, events, groups, tickets and owners."""
        return self._runner.run(self._application.impact(SYSTEM, ImpactRequest(event=EVENT)))

    def plainly(self, prepared: Prepared, variables: dict[str, Any]) -> bytes:
        """Return the answer of graphql-core."""
        return self._runner.run(self._ask(prepared, variables, {"executor_class": Executor}))

    def compiled(self, prepared: Prepared, variables: dict[str, Any], plans: CountedPlans) -> bytes:
        """Return the answer of compiled functions, where the plans have them."""
        more = {"executor_class": CountedExecutor, "prepared": prepared, "plans": plans}
        return self._runner.run(self._ask(prepared, variables, more))

    async def _ask(self, prepared: Prepared, variables: dict[str, Any], more: dict[str, Any]) -> bytes:
        found = execute(
            SCHEMA,
            prepared.document,
            context_value=RequestContext(self._application, SYSTEM),
            variable_values=variables,
            hide_suggestions=True,
            **more,
        )
        result = await found if isawaitable(found) else found
        assert isinstance(result, ExecutionResult)
        # What an error left behind ends before the loop does.
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
        return to_json(result.formatted)

    def check(self, text: str, variables: dict[str, Any]) -> tuple[bytes, Tally]:
        """Compare three compiled answers with the plain one; return it and the tally."""
        prepared, plans = GATE.prepare(text), CountedPlans()
        expected = self.plainly(prepared, variables)
        for _ in range(3):
            assert self.compiled(prepared, variables, plans) == expected
        return expected, plans.tally


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """An estate with an outage and a ticket on it, loaders that ran over it and left a doubt."""
    with asyncio.Runner() as runner:
        bench = runner.run(furnished(raised("r1"), raised("vpn", Severity.MAJOR, NOON + minutes(1))))
        opened = runner.run(bench.application.open_ticket(SYSTEM, OpenTicketRequest(event=EVENT)))
        twins = [seen(key, fqdn="twin.example.com") for key in ("t1", "t2", "t")]
        runner.run(run(bench, "netbox", *twins[:2]))
        runner.run(run(bench, "ansible", twins[2]))
        yield Desk(bench, bench.application, runner, opened.ticket)


@given(data=st.data(), chosen=st.booleans(), left_out=st.booleans())
def test_generated_documents_are_answered_alike(
    desk: Desk, data: st.DataObject, chosen: bool, left_out: bool
) -> None:
    text = data.draw(documents(SCHEMA))
    try:
        GATE.prepare(text)
    except (DocumentRefused, InvalidInput):
        assume(False)
    desk.check(text, {"p": chosen, "q": left_out})


@pytest.mark.parametrize(
    "name", sorted(name for name in set(VARIABLES) | NEED_NOTHING if not name.startswith(WRITING))
)
def test_every_question_is_compiled_and_answered_alike(desk: Desk, name: str) -> None:
    answer, tally = desk.check(read_operation(name), VARIABLES.get(name, {}))
    assert b'"errors"' not in answer
    assert tally.found > 0
    assert tally.declined == 0


BAD = [None, ValueError("bad"), object(), "text", 7, 2**40, float("inf"), True, (), [None], {}, {1}, Severity]


def places(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to all parts of an answer."""
    if at:
        yield at
    if is_dataclass(value):
        for part in fields(value):
            yield from places(getattr(value, part.name), (*at, part.name))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from places(part, (*at, number))


def damage(value: Any, at: tuple[Any, ...], bad: object) -> Any:
    """Return the answer with another value at one place."""
    if not at:
        return bad
    first, *rest = at
    if isinstance(value, tuple):
        return (*value[:first], damage(value[first], tuple(rest), bad), *value[first + 1 :])
    return replace(value, **{first: damage(getattr(value, first), tuple(rest), bad)})


def first_places(answer: ImpactAnswer) -> list[tuple[Any, ...]]:
    """Return one way to each field, whatever place in lists it has."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for at in places(answer):
        found.setdefault(tuple("*" if isinstance(step, int) else step for step in at), at)
    return list(found.values())


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_a_damaged_value_is_reported_alike_wherever_it_is(desk: Desk, bad: object) -> None:
    answer, prepared, plans = desk.impact(), GATE.prepare(IMPACT), CountedPlans()
    desk.compiled(prepared, ORIGIN, plans)
    for at in first_places(answer):
        damaged = desk.damaged(damage(answer, at, bad))
        assert damaged.compiled(prepared, ORIGIN, plans) == damaged.plainly(prepared, ORIGIN), at


@given(data=st.data())
def test_several_damaged_values_are_reported_alike(desk: Desk, data: st.DataObject) -> None:
    broken: Any = desk.impact()
    for _ in range(2):
        at = data.draw(st.sampled_from(first_places(broken)))
        broken = damage(broken, at, data.draw(st.sampled_from(BAD)))
    damaged, prepared, plans = desk.damaged(broken), GATE.prepare(IMPACT), CountedPlans()
    expected = told(damaged.plainly(prepared, ORIGIN))
    for _ in range(3):
        assert told(damaged.compiled(prepared, ORIGIN, plans)) == expected


def told(answer: bytes) -> tuple[object, list[list[str]]]:
    """Return the data and the fields that failed: of errors that void one value, GraphQL lets any one be told."""
    found = from_json(answer)
    failed = [[step for step in error["path"] if isinstance(step, str)] for error in found.get("errors", ())]
    return found["data"], sorted(failed)


def test_one_name_below_an_interface_stands_for_several_selections(desk: Desk) -> None:
    ids = [encode_id(NodeKind.EVENT, EVENT), encode_id(NodeKind.TICKET, desk.ticket)]
    text = """query($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Event { of: item { key } }
      ... on Ticket { of: causeItem { name class } }
    } }"""
    answer, tally = desk.check(text, {"ids": ids * 3})
    assert (
        answer.count(b'{"of":{"key":"r1"}}')
        == answer.count(b'{"of":{"name":"edge router 1","class":"router"}}')
        == 3
    )
    assert tally.declined == 0 < tally.found


def test_a_document_asked_once_is_not_compiled(desk: Desk) -> None:
    plans = CountedPlans()
    desk.compiled(GATE.prepare(IMPACT), ORIGIN, plans)
    once = plans.tally.found
    desk.compiled(GATE.prepare(IMPACT), ORIGIN, plans)
    assert (once, plans.tally.found) == (0, 1)


@pytest.mark.parametrize(("kept", "found"), [(1, 0), (2, 4)])
def test_plans_of_other_operations_make_room(desk: Desk, kept: int, found: int) -> None:
    plans = CountedPlans(kept)
    for text in ("{ head { revision } }", "{ head { answered } }") * 3:
        prepared = GATE.prepare(text)
        assert desk.compiled(prepared, {}, plans) == desk.plainly(prepared, {})
    assert plans.tally.found == found
