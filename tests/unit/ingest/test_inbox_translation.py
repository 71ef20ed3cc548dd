"""Deliveries become records one fault at a time."""

import json
from dataclasses import replace

import pytest

from cmdb.errors import CmdbError, ErrorCode, InvalidInput, NotFound, Place
from cmdb.ingest.inbox_translation import DeliveryTranslator
from cmdb.ingest.loaders import Loaders
from cmdb.ingest.records import JsonRecordParser
from cmdb.model.records import EventTransition
from cmdb.model.severity import Severity
from cmdb.ports.intake import Delivery, Rejected, Waiting
from cmdb.ports.records import LocatedRecord
from cmdb.resources import folder
from tests.support.inbox import METAMODEL, event, lines
from tests.support.moments import NOON, minutes
from tests.support.small_estate import raised

PROBLEM = {
    "hostname": "db-1.example.org",
    "severity": "High",
    "status": "PROBLEM",
    "item": "Free disk space",
    "trigger": "Disk of db-1 is full",
    "link": "https://zabbix.example.org/tr_events.php?triggerid=71&eventid=900",
}
TRANSLATOR = DeliveryTranslator(Loaders(folder("loaders"), METAMODEL))


def waiting(body: bytes, loader: str = "records") -> Waiting:
    return Waiting(7, Delivery(loader=loader, source="s", body=body, received_at=NOON))


def translated(body: bytes, loader: str = "records") -> list[str]:
    """Return `record`, or the code of what was rejected, for each part."""
    made = TRANSLATOR.translate(waiting(body, loader))
    return [row.error.code.value if isinstance(row, Rejected) else "record" for row in made]


def steps(body: object, loader: str) -> list[EventTransition]:
    """Return the steps of a body that is sound."""
    made = TRANSLATOR.translate(waiting(json.dumps(body).encode(), loader))
    rows = [row.record for row in made if isinstance(row, LocatedRecord)]
    return [row for row in rows if isinstance(row, EventTransition)]


@pytest.mark.parametrize(
    "body",
    [
        lines(event("a"), event("b")),
        b"\n" + lines(event("a")) + b"\n\n" + lines(event("b")) + b"\n",
        json.dumps([event("a"), event("b")]).encode(),
        json.dumps([event("a"), event("b")], indent=2).encode(),
    ],
    ids=["lines", "blank lines", "a list", "a list on many lines"],
)
def test_our_stream_comes_as_lines_or_as_json(body: bytes) -> None:
    assert translated(body) == ["record", "record"]


def test_each_fault_is_its_own() -> None:
    body = lines(event("a"), {"kind": "event"}) + b"\n{\n" + lines({"kind": "evnt"}, event("b"))
    assert translated(body) == ["record", "MISSING_FIELD", "SYNTAX", "UNKNOWN_KIND", "record"]


def test_a_program_that_fails_on_a_document_names_delivery_and_loader() -> None:
    (row,) = TRANSLATOR.translate(waiting(b'"text"', "netbox"))
    assert isinstance(row, Rejected)
    assert (row.delivery, row.error.code) == (7, ErrorCode.MAPPING_FAILED)
    assert str(row.error.place).startswith("s#7")


def test_a_loader_that_is_gone_leaves_the_delivery_to_people() -> None:
    (row,) = TRANSLATOR.translate(waiting(b"{}", "gone"))
    assert isinstance(row, Rejected)
    assert (row.loader, row.text, row.error.code) == ("gone", b"{}", ErrorCode.UNKNOWN_LOADER)


def test_what_tells_no_time_was_there_when_it_was_received() -> None:
    (step,) = steps(PROBLEM, "zabbix")
    assert step.at == NOON
    told = NOON - minutes(5)
    (step,) = steps(PROBLEM | {"timestamp": told.timestamp()}, "zabbix")
    assert step.at == told


def test_messages_one_a_line_stand_for_themselves() -> None:
    message = {"address": "192.0.2.7", "host": "edge-1", "priority": 2, "message": "fan 3 stands still"}
    body = lines(message, {"address": "192.0.2.7"}, message | {"host": "edge-2"})
    TRANSLATOR.check(waiting(body, "syslog").delivery)
    assert translated(body, "syslog") == ["record", "MAPPING_FAILED", "record"]


def test_arguments_of_the_loader_stand_in_the_address() -> None:
    message = {"address": "192.0.2.7", "host": "edge-1", "priority": 4, "message": "fan 3 is slow"}
    assert steps(message, "syslog") == []
    assert [step.severity for step in steps(message, "syslog?level=4")] == [Severity.WARNING]
    with pytest.raises(InvalidInput, match="no argument 'lavel'"):
        TRANSLATOR.check(waiting(lines(message), "syslog?lavel=4").delivery)


def test_a_rejected_record_can_be_sent_again_as_it_is() -> None:
    row = LocatedRecord(raised("r1"), Place("s", 1))
    rejected = TRANSLATOR.reject(7, row, CmdbError(ErrorCode.DANGLING_END, "Nothing there."))
    (again,) = JsonRecordParser().parse([rejected.text], "again")
    assert (rejected.loader, again.record) == ("records", row.record)


def test_events_are_encoded_so_that_they_come_back() -> None:
    loader, body = TRANSLATOR.encode([raised("r1"), raised("r2")])
    made = [
        row.record for row in TRANSLATOR.translate(waiting(body, loader)) if isinstance(row, LocatedRecord)
    ]
    assert made == [replace(raised(key), received_at=NOON) for key in ("r1", "r2")]


def test_when_a_step_was_received_is_ours_to_say() -> None:
    (step,) = steps(event("a"), "records")
    assert step.received_at == NOON
    assert translated(lines(event("a", received_at=NOON.isoformat()))) == ["WRONG_TYPE"]
    sent = TRANSLATOR.reject(7, LocatedRecord(step, Place("s", 1)), CmdbError(ErrorCode.DANGLING_END, "No."))
    assert translated(sent.text) == ["record"]


def test_the_same_words_in_two_deliveries_are_said_twice() -> None:
    party = lines({"kind": "party", "key": "p", "party_kind": "person", "name": "P"})
    assert [translated(party), translated(party)] == [["record"], ["record"]]


@pytest.mark.parametrize(("loader", "body"), [("records", b"x"), ("netbox", b"{"), ("records", b"")])
def test_what_nobody_can_read_is_refused_at_once(loader: str, body: bytes) -> None:
    with pytest.raises(CmdbError) as caught:
        TRANSLATOR.check(waiting(body, loader).delivery)
    assert caught.value.code is ErrorCode.SYNTAX


def test_one_sound_line_is_enough_to_be_taken() -> None:
    TRANSLATOR.check(waiting(b"{}\nno json").delivery)
    TRANSLATOR.check(waiting(json.dumps([{}], indent=1).encode()).delivery)
    TRANSLATOR.check(waiting(b"a,b\n1,2", "csv").delivery)


def test_an_unknown_loader_is_named() -> None:
    with pytest.raises(NotFound):
        TRANSLATOR.check(waiting(b"{}", "gone").delivery)
