"""Conformance against the real declarations: every refusal names its field as records write it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from cmdb.desk.conformance import KEY_LIMIT, REPEATS, WEIGHT_LIMIT, problems_of
from cmdb.errors import ErrorCode
from cmdb.metamodel import read_metamodel
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    Dependency,
    EntryRecord,
    EventTransition,
    Item,
    Party,
    PartyKind,
    Role,
    Ticket,
    TicketKind,
    TicketState,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import RowProblem
from cmdb.resources import folder
from tests.support.moments import NOON

METAMODEL = read_metamodel(folder("schema"))
CLASSES = {"srv": "server", "vm": "virtual_machine", "svc": "business_service", "lic": "licence"}
GROUPS = {"svc": frozenset({"wan", "power"})}
LATER = NOON + timedelta(hours=1)

SERVER = Item(key="srv", ci_class="server", name="Server", attributes={"cpu_count": 4, "tags": ("a",)})
PORT = Item(key="p", ci_class="network_service", name="Port", attributes={"port": 22})
NEEDS = Dependency(consumer="vm", verb="RUNS_ON", provider="srv")
RAISED = EventTransition(item="srv", condition="down", severity=Severity.MAJOR, at=NOON)
CHANGE = Change(
    key="c", title="Patch", change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=("srv",)
)
TICKET = Ticket(
    key="t",
    ticket_kind=TicketKind.INCIDENT,
    title="Down",
    state=TicketState.NEW,
    opened_at=NOON,
    changed_at=NOON,
    items=("srv",),
    cause_item="vm",
)
PARTY = Party(key="a", party_kind=PartyKind.PERSON, name="A. Example")
OWNS = Assignment(party="a", role=Role.OWNS, item="srv")
WINDOW = Window(
    key="w", window_kind=WindowKind.BLACKOUT, title="Freeze", items=("srv",), start=NOON, end=LATER
)
SOUND = (SERVER, PORT, NEEDS, RAISED, CHANGE, TICKET, PARTY, OWNS, WINDOW)


def check(record: EntryRecord) -> list[RowProblem]:
    return problems_of(record, METAMODEL, CLASSES.get, lambda key: GROUPS.get(key, frozenset()))


@pytest.mark.parametrize("record", SOUND, ids=lambda record: type(record).__name__)
def test_sound_records_have_no_problem(record: EntryRecord) -> None:
    assert check(record) == []


@dataclass(frozen=True)
class Wrong:
    name: str
    record: EntryRecord
    code: ErrorCode
    field: str
    says: str


WRONG = (
    Wrong("unknown class", replace(SERVER, ci_class="sever"), ErrorCode.UNKNOWN_CLASS, "class", "'server'?"),
    Wrong(
        "abstract class",
        replace(SERVER, ci_class="hardware", attributes={}),
        ErrorCode.UNKNOWN_CLASS,
        "class",
        "printer",
    ),
    Wrong(
        "unknown attribute",
        replace(SERVER, attributes={"cpu_cont": 4}),
        ErrorCode.UNKNOWN_ATTRIBUTE,
        "attributes.cpu_cont",
        "'cpu_count'?",
    ),
    Wrong(
        "text for integer",
        replace(SERVER, attributes={"cpu_count": "4"}),
        ErrorCode.WRONG_TYPE,
        "attributes.cpu_count",
        "integer",
    ),
    Wrong(
        "boolean for integer",
        replace(SERVER, attributes={"cpu_count": True}),
        ErrorCode.WRONG_TYPE,
        "attributes.cpu_count",
        "integer",
    ),
    Wrong(
        "integer past 64 bits",
        replace(SERVER, attributes={"cpu_count": 2**63}),
        ErrorCode.WRONG_TYPE,
        "attributes.cpu_count",
        "64 bits",
    ),
    Wrong(
        "weight that sums past 64 bits",
        replace(NEEDS, weight=WEIGHT_LIMIT + 1),
        ErrorCode.TOO_LARGE,
        "weight",
        str(WEIGHT_LIMIT),
    ),
    Wrong(
        "text for list",
        replace(SERVER, attributes={"tags": "a"}),
        ErrorCode.WRONG_TYPE,
        "attributes.tags",
        "list",
    ),
    Wrong(
        "outside the choices",
        replace(SERVER, attributes={"lifecycle": "used"}),
        ErrorCode.WRONG_TYPE,
        "attributes.lifecycle",
        "in_use",
    ),
    Wrong(
        "required attribute missing",
        replace(PORT, attributes={}),
        ErrorCode.MISSING_FIELD,
        "attributes.port",
        "Port number",
    ),
    Wrong(
        "event about nothing",
        EventTransition(condition="c", severity=Severity.MINOR, at=NOON),
        ErrorCode.MISSING_FIELD,
        "item",
        "Give a text",
    ),
    Wrong("empty name", replace(SERVER, name=" "), ErrorCode.MISSING_FIELD, "name", "empty"),
    Wrong("empty key", replace(PARTY, key=""), ErrorCode.MISSING_FIELD, "key", "empty"),
    Wrong("control character", replace(SERVER, key="a\nb"), ErrorCode.WRONG_TYPE, "key", "printable"),
    Wrong(
        "long key", replace(SERVER, key="k" * (KEY_LIMIT + 1)), ErrorCode.WRONG_TYPE, "key", str(KEY_LIMIT)
    ),
    Wrong(
        "group named twice",
        replace(SERVER, groups=(RedundancyGroup(name="g", need_up=1), RedundancyGroup(name="g", need_up=2))),
        ErrorCode.WRONG_TYPE,
        "groups",
        "'g'",
    ),
    Wrong("unknown verb", replace(NEEDS, verb="RUN_ON"), ErrorCode.UNKNOWN_VERB, "verb", "'RUNS_ON'?"),
    Wrong("provider not allowed", replace(NEEDS, provider="lic"), ErrorCode.VERB_ENDS, "provider", "licence"),
    Wrong(
        "consumer not allowed",
        replace(NEEDS, consumer="lic", verb="CALLS", provider="svc"),
        ErrorCode.VERB_ENDS,
        "consumer",
        "DEPENDS_ON",
    ),
    Wrong("unknown provider", replace(NEEDS, provider="x"), ErrorCode.DANGLING_END, "provider", "'x'"),
    Wrong("unknown consumer", replace(NEEDS, consumer="x"), ErrorCode.DANGLING_END, "consumer", "'x'"),
    Wrong(
        "unknown group",
        replace(NEEDS, consumer="svc", verb="DEPENDS_ON", group="wam"),
        ErrorCode.UNKNOWN_GROUP,
        "group",
        "'wan'?",
    ),
    Wrong(
        "group of a consumer without groups",
        replace(NEEDS, group="wan"),
        ErrorCode.UNKNOWN_GROUP,
        "group",
        "None is declared",
    ),
    Wrong("event on nothing", replace(RAISED, item="x"), ErrorCode.DANGLING_END, "item", "'x'"),
    Wrong("change of nothing", replace(CHANGE, targets=("x",)), ErrorCode.DANGLING_END, "targets", "'x'"),
    Wrong(
        "change ends early",
        replace(CHANGE, planned_start=LATER, planned_end=NOON),
        ErrorCode.BAD_INTERVAL,
        "planned_end",
        "planned_start",
    ),
    Wrong("ticket on nothing", replace(TICKET, items=("x",)), ErrorCode.DANGLING_END, "items", "'x'"),
    Wrong("cause is nothing", replace(TICKET, cause_item="x"), ErrorCode.DANGLING_END, "cause_item", "'x'"),
    Wrong(
        "resolved before opened",
        replace(TICKET, resolved_at=NOON - timedelta(hours=1)),
        ErrorCode.BAD_INTERVAL,
        "resolved_at",
        "opened_at",
    ),
    Wrong("priority", replace(TICKET, priority=0), ErrorCode.WRONG_TYPE, "priority", "1 (highest) to 5"),
    Wrong(
        "repeats past all bounds",
        replace(RAISED, repeat_seconds=10**15),
        ErrorCode.WRONG_TYPE,
        "repeat_seconds",
        "31622400",
    ),
    Wrong(
        "repeats before now", replace(RAISED, repeat_seconds=-1), ErrorCode.WRONG_TYPE, "repeat_seconds", "-1"
    ),
    Wrong("assignment to nothing", replace(OWNS, item="x"), ErrorCode.DANGLING_END, "item", "'x'"),
    Wrong("window of nothing", replace(WINDOW, items=("x",)), ErrorCode.DANGLING_END, "items", "'x'"),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_each_fault_is_found_alone_and_named(wrong: Wrong) -> None:
    (problem,) = check(wrong.record)
    assert problem.code is wrong.code
    assert problem.field == wrong.field
    assert wrong.says in f"{problem.message} {problem.hint}"


def test_the_largest_numbers_pass() -> None:
    assert check(replace(NEEDS, weight=WEIGHT_LIMIT)) == []
    assert (
        check(replace(RAISED, repeat_seconds=REPEATS[-1])) == check(replace(RAISED, repeat_seconds=0)) == []
    )
    assert check(replace(SERVER, attributes={"cpu_count": 2**63 - 1})) == []
    assert check(replace(SERVER, attributes={"cpu_count": -(2**63)})) == []


def test_all_faults_of_a_record_are_found() -> None:
    found = check(Item(key="", ci_class="server", name="", attributes={"nope": 1, "cpu_count": 1.5}))
    assert [problem.field for problem in found] == ["key", "name", "attributes.nope", "attributes.cpu_count"]


def test_a_subclass_stands_in_for_an_allowed_class() -> None:
    classes = CLASSES | {"fw": "firewall"}
    record = replace(NEEDS, provider="fw", verb="ROUTED_VIA")
    assert problems_of(record, METAMODEL, classes.get, lambda _: frozenset()) == []


def test_what_is_being_closed_may_have_lost_its_ends() -> None:
    assert check(replace(NEEDS, provider="x", group="gone", ended=True)) == []
    assert check(replace(OWNS, item="x", ended=True)) == []


def test_a_tombstone_needs_no_attributes() -> None:
    assert check(replace(PORT, attributes={}, retired=True)) == []
