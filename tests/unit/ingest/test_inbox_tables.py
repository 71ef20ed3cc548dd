"""The tables of the inbox: nothing sent is lost or kept twice, whatever keys senders choose."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cmdb.errors import CmdbError, Conflict, ErrorCode, NotFound, Place
from cmdb.ingest import inbox_tables as tables
from cmdb.ingest.inbox_tables import REPEAT_SECONDS
from cmdb.ports.intake import LetterState, Receipt, Rejected
from tests.support.inbox import delivery
from tests.support.moments import NOON, minutes

BODIES = (b"1", b"2", b"33")
SOURCES = ("a", "b")
KEYS = (
    "",
    "k",
    f"k:{sha256(b'1').hexdigest()}",
    f"body:{sha256(b'2').hexdigest()}:0",
    "letter:1",
    "letter 1",
)
SENDS = st.tuples(st.sampled_from(SOURCES), st.sampled_from(KEYS), st.sampled_from(BODIES))
APPLY = st.just(None)


def empty() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.execute(tables.SCHEMA)
    return connection


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    with empty() as opened:
        yield opened


def rejected(number: int, text: bytes = b"bad", place: Place | None = None) -> Rejected:
    error = CmdbError(ErrorCode.SYNTAX, "It is wrong.", hint="Mend it.", place=place)
    return Rejected(delivery=number, loader="mended", text=text, error=error)


def bury(connection: apsw.Connection, *rows: Rejected, at: datetime = NOON) -> None:
    """Keep one delivery and settle it with these rejections."""
    number = tables.add(connection, delivery(b"raw", source="s")).number
    tables.settle(connection, [number], rows or [rejected(number)], 7, at)


def bodies(connection: apsw.Connection, source: str) -> list[bytes]:
    return [row.delivery.body for row in tables.next_of(connection, source, 1000, 1 << 20)]


@settings(max_examples=80)
@given(st.lists(SENDS | APPLY, max_size=20))
@example([("a", "k", b"2"), ("a", KEYS[2], b"33"), ("a", "k", b"1")])
def test_each_body_under_each_key_is_kept_once_and_applied_once(
    steps: Sequence[tuple[str, str, bytes] | None],
) -> None:
    connection = empty()
    known: dict[tuple[str, str, bytes], Receipt] = {}
    waiting: dict[str, list[bytes]] = {source: [] for source in SOURCES}
    for revision, step in enumerate(steps, start=1):
        if step is None:
            numbers = [row.number for row in tables.next_of(connection, "a", 1, 1)]
            tables.settle(connection, numbers, [], revision, NOON)
            known = {
                sent: Receipt(number=row.number, revision=revision) if row.number in numbers else row
                for sent, row in known.items()
            }
            del waiting["a"][: len(numbers)]
            continue
        source, key, body = step
        receipt = tables.add(connection, delivery(body, source, key))
        first = known.get(step)
        if first is None:
            assert (receipt.is_duplicate, receipt.revision) == (False, None)
            assert receipt.number > max([0, *(row.number for row in known.values())])
            known[step] = receipt
            waiting[source].append(body)
        else:
            assert receipt == Receipt(number=first.number, is_duplicate=True, revision=first.revision)
    for source in SOURCES:
        assert bodies(connection, source) == waiting[source]
    held = {source: (len(rows), sum(map(len, rows))) for source, rows in waiting.items() if rows}
    assert {source: (count, size) for source, count, size in tables.backlogs(connection)} == held


def test_without_a_key_the_clock_tells_a_repetition_from_a_condition_that_lasts(
    connection: apsw.Connection,
) -> None:
    span = timedelta(seconds=REPEAT_SECONDS)
    start = datetime.fromtimestamp(int(NOON.timestamp()) // REPEAT_SECONDS * REPEAT_SECONDS, UTC)
    times = (start, start + span - timedelta(seconds=1), start + span)
    sent = [tables.add(connection, delivery(b"x", at=at)) for at in times]
    assert [receipt.is_duplicate for receipt in sent] == [False, True, False]


def test_a_delivery_waits_as_it_was_sent(connection: apsw.Connection) -> None:
    sent = delivery(b"\0\xff", source="s", key="k", at=NOON + timedelta(milliseconds=123))
    number = tables.add(connection, sent).number
    (row,) = tables.next_of(connection, "s", 9, 9)
    assert (row.number, row.delivery.body) == (number, sent.body)
    assert (row.delivery.received_at, row.delivery.role) == (sent.received_at, sent.role)
    assert (row.delivery.loader, row.delivery.source) == (sent.loader, "s")


def test_the_source_that_waits_longest_comes_first(connection: apsw.Connection) -> None:
    for at, source in enumerate(("late", "early", "late")):
        tables.add(connection, delivery(str(at).encode(), source, at=NOON + minutes(at)))
    assert [source for source, _, _ in tables.backlogs(connection)] == ["late", "early"]
    tables.settle(connection, [1], [], 3, NOON)
    assert [source for source, _, _ in tables.backlogs(connection)] == ["early", "late"]
    assert tables.oldest(connection, ["late", "early", "nobody"]) == {
        "early": NOON + minutes(1),
        "late": NOON + minutes(2),
    }


@pytest.mark.parametrize(("limit", "size", "count"), [(9, 4, 2), (9, 3, 1), (9, 5, 2), (1, 99, 1), (9, 0, 1)])
def test_a_turn_ends_at_its_size_and_holds_one_delivery_at_least(
    connection: apsw.Connection, limit: int, size: int, count: int
) -> None:
    for body in (b"111", b"22", b"3"):
        tables.add(connection, delivery(body))
    assert len(tables.next_of(connection, "test", limit, size)) == count


def test_what_could_not_be_applied_is_kept_with_its_reason(connection: apsw.Connection) -> None:
    bury(connection, rejected(1, b"\xff", Place("in", 3)), rejected(1, b"other"))
    first, second = tables.letters(connection, LetterState.DEAD, 0, 9)
    assert (first.number, first.delivery, first.source, first.loader) == (1, 1, "s", "mended")
    assert (first.at, first.code, first.message, first.hint) == (NOON, "SYNTAX", "It is wrong.", "Mend it.")
    assert (first.place, first.text, first.state) == ("in:3", b"\xff", LetterState.DEAD)
    assert (second.place, second.text) == ("", b"other")
    assert tables.letter(connection, 2) == second
    assert tables.letters(connection, LetterState.DEAD, 1, 9) == [second]
    assert tables.letters(connection, LetterState.DEAD, 0, 1) == [first]
    assert tables.dead_count(connection) == 2
    assert tables.revision_of(connection, 1) == 7


def test_what_is_applied_takes_no_room(connection: apsw.Connection) -> None:
    bury(connection)
    assert connection.execute("SELECT count(*) FROM delivery WHERE body IS NOT NULL").fetchone() == (0,)


def test_settling_again_buries_nothing_and_keeps_the_first_revision(connection: apsw.Connection) -> None:
    bury(connection)
    tables.settle(connection, [1, 99], [rejected(1), rejected(99)], 8, NOON)
    assert (tables.dead_count(connection), tables.revision_of(connection, 1)) == (1, 7)


@pytest.mark.parametrize("known", ["letter:1", "letter 1", "key:letter:1"])
def test_a_letter_comes_back_whatever_keys_the_source_has_used(
    connection: apsw.Connection, known: str
) -> None:
    number = tables.add(connection, delivery(b"bad", source="s", key=known)).number
    tables.settle(connection, [number], [rejected(number)], 7, NOON)
    receipt, again = tables.replay(connection, 1, None, NOON + minutes(1))
    assert (receipt.number, receipt.is_duplicate) == (number + 1, False)
    assert bodies(connection, "s") == [b"bad"]
    assert (again.source, again.loader, again.role) == ("s", "mended", "admin")
    assert again.received_at == NOON + minutes(1)


def test_a_letter_takes_one_decision(connection: apsw.Connection) -> None:
    bury(connection, rejected(1), rejected(1))
    tables.replay(connection, 1, b"good", NOON)
    tables.discard(connection, 2)
    assert bodies(connection, "s") == [b"good"]
    assert [row.number for row in tables.letters(connection, LetterState.REPLAYED, 0, 9)] == [1]
    assert [row.number for row in tables.letters(connection, LetterState.DISCARDED, 0, 9)] == [2]
    assert tables.dead_count(connection) == 0
    for number, was in ((1, "replayed"), (2, "discarded")):
        with pytest.raises(Conflict, match=f"Letter {number} was {was} already"):
            tables.discard(connection, number)
        with pytest.raises(Conflict, match=f"Letter {number} was {was} already"):
            tables.replay(connection, number, b"x", NOON)
    assert bodies(connection, "s") == [b"good"]


def test_an_unknown_letter_is_not_found(connection: apsw.Connection) -> None:
    with pytest.raises(NotFound) as caught:
        tables.letter(connection, 5)
    assert (caught.value.code, caught.value.hint) == (
        ErrorCode.NOT_FOUND,
        "See which there are: cmdb inbox list.",
    )


def test_what_is_old_and_settled_is_forgotten_and_nothing_else(connection: apsw.Connection) -> None:
    for at, body in enumerate((b"applied", b"waiting", b"fresh")):
        tables.add(connection, delivery(body, key=str(at), at=NOON + minutes(at)))
    tables.settle(connection, [1, 3], [rejected(1), rejected(1), rejected(3)], 7, NOON)
    tables.discard(connection, 1)
    assert tables.tidy(connection, NOON) == 0
    assert tables.tidy(connection, NOON + minutes(2)) == 2
    assert [tables.revision_of(connection, number) for number in (1, 2, 3)] == [None, None, 7]
    assert [row.number for row in tables.letters(connection, LetterState.DEAD, 0, 9)] == [2, 3]
    assert bodies(connection, "test") == [b"waiting"]
    again = tables.add(connection, delivery(b"applied", key="0"))
    assert (again.number, again.is_duplicate) == (4, False)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is named
def test_times_come_back_to_the_millisecond(at: datetime) -> None:
    back = tables.from_millis(tables.to_millis(at))
    assert abs(back - at) <= timedelta(microseconds=500)
    assert tables.to_millis(back) == tables.to_millis(at)
    assert back.tzinfo is UTC
