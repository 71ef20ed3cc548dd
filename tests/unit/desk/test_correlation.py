"""Numbers of situations: they stay while causes change, split and join, and old ones still resolve."""

from collections.abc import Mapping
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.correlation import claim, correlate, number_of, survivor_of
from cmdb.desk.situations import EventGroup, Membership
from cmdb.model.records import Direction, Event, EventState, SituationRecord
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes

Known = dict[str, SituationRecord]
Partition = Mapping[str, str]
"""Event keys, one letter each, by cause."""


def group(cause: str, keys: str) -> EventGroup:
    def event(key: str) -> Event:
        return Event(
            key=key, source="m", item=key, condition="c", severity=Severity.MAJOR, state=EventState.OPEN,
            direction=Direction.ERROR, raised_at=NOON, last_seen_at=NOON, changed_at=NOON,
        )  # fmt: skip

    members = tuple(Membership(event(key), "symptom", "") for key in keys)
    return EventGroup(cause, Severity.MAJOR, NOON, members)


def after(known: Known, partition: Partition, at: datetime = NOON) -> Known:
    groups = [group(cause, keys) for cause, keys in partition.items()]
    return {**known, **{row.key: row for row in correlate(groups, known, at)}}


def open_numbers(known: Known) -> dict[str, tuple[int, str]]:
    return {
        row.cause: (number_of(row.key), "".join(row.events)) for row in known.values() if not row.ended_at
    }


def test_each_group_gets_a_number_in_order() -> None:
    known = after({}, {"r": "ab", "p": "z"})
    assert open_numbers(known) == {"p": (1, "z"), "r": (2, "ab")}
    assert [*known] == ["SIT000001", "SIT000002"]


def test_the_number_follows_its_events_to_a_cause_found_later() -> None:
    known = after(after({}, {"v": "ab"}), {"r": "abc"}, NOON + minutes(1))
    assert open_numbers(known) == {"r": (1, "abc")}
    assert (known["SIT000001"].opened_at, known["SIT000001"].changed_at) == (NOON, NOON + minutes(1))


def test_joined_situations_keep_the_oldest_number_and_the_others_resolve() -> None:
    known = after(after(after({}, {"v": "a"}), {"v": "a", "w": "b"}), {"r": "abc"})
    assert open_numbers(known) == {"r": (1, "abc")}
    assert known["SIT000002"].merged_into == "SIT000001"
    known = after(after({**known}, {"r": "abc", "x": "d"}), {"r": "abcd"})
    for number in known:
        survivor = survivor_of(number, known)
        assert survivor is not None
        assert survivor.key == "SIT000001"


def test_a_split_leaves_the_number_with_the_cause_and_else_with_the_most_events() -> None:
    whole = after({}, {"r": "abc"})
    assert open_numbers(after(whole, {"r": "a", "v": "bc"})) == {"r": (1, "a"), "v": (2, "bc")}
    assert open_numbers(after(whole, {"u": "a", "v": "bc"})) == {"v": (1, "bc"), "u": (2, "a")}


def test_what_cleared_has_ended_and_its_number_is_not_given_again() -> None:
    known = after(after({}, {"r": "a"}), {})
    assert (known["SIT000001"].ended_at, open_numbers(known)) == (NOON, {})
    assert open_numbers(after(known, {"r": "a"})) == {"r": (2, "a")}
    assert survivor_of("SIT000009", known) is None


KEYS = "abcdefg"
PARTITIONS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from("rstu")).map(
    lambda causes: {
        cause: "".join(sorted(key for key in causes if causes[key] == cause))
        for cause in sorted(set(causes.values()))
    }
)


@given(st.lists(PARTITIONS, max_size=8))
def test_whatever_splits_and_joins_every_group_has_one_number_and_every_number_resolves(
    history: list[Partition],
) -> None:
    known: Known = {}
    for partition in history:
        before = known
        known = after(before, partition)
        rows = [row for row in known.values() if row.ended_at is None]
        assert sorted((row.cause, "".join(row.events)) for row in rows) == sorted(partition.items())
        assert after(known, partition) == known
        shuffled = dict(sorted(partition.items(), reverse=True))
        assert after(dict(reversed(before.items())), shuffled) == known
        for number, row in known.items():
            survivor = survivor_of(number, known)
            assert survivor is not None
            assert number_of(survivor.key) <= number_of(number)
            assert row.merged_into is None or row.ended_at is not None
        for number, row in before.items():
            if row.ended_at is not None:
                assert known[number] == row


@given(PARTITIONS, PARTITIONS)
def test_the_oldest_number_of_a_group_is_never_given_up_for_a_younger_one(
    first: Partition, second: Partition
) -> None:
    known = after({}, first)
    groups = [group(cause, keys) for cause, keys in second.items()]
    claims = claim(groups, known.values())
    for number, survivor in claims.merged.items():
        assert number_of(survivor) < number_of(number)
    for number in claims.ended:
        assert not set(known[number].events) & set("".join(second.values()))
        assert known[number].cause not in second
