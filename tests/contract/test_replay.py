"""A recorded history can be asked of at every revision: the stored past equals a plain replay of the writes."""

import os
from collections.abc import Mapping
from random import Random

from cmdb.application.past import PastGraph
from cmdb.application.projection import project
from cmdb.application.snapshot import take_snapshot
from cmdb.desk.access import SYSTEM
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Dependency,
    Direction,
    Event,
    EventState,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
)
from cmdb.model.severity import Severity, Strength
from cmdb.ports.graph import Moment, Stored
from cmdb.store.store import Store
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes

WRITES = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 60
KEYS = tuple(f"ci{number}" for number in range(8))


def random_write(random: Random, number: int, living: set[str]) -> list[Record]:
    """Return one batch over a small estate; `living` are the CIs that may be referred to, and is kept up to date."""
    key = random.choice(KEYS)
    at = NOON + minutes(number - random.choice([0, 0, 0.25, 3]))
    kind = random.randrange(5)
    if kind == 0 or len(living) < 2:
        living.add(key)
        return [Item(key=key, ci_class="server", name=f"name {random.randrange(3)}", valid_from=at)]
    if kind == 1 and len(living) > 3:
        gone = random.choice(sorted(living))
        living.discard(gone)
        return [Item(key=gone, ci_class="server", name="gone", retired=True)]
    first, second = random.sample(sorted(living), 2)
    if kind == 2:
        return [
            Dependency(
                consumer=first, verb="DEPENDS_ON", provider=second, strength=Strength.HARD,
                weight=random.randrange(3), ended=random.random() < 0.3,
            )
        ]  # fmt: skip
    if kind == 3:
        party = Party(key="ann", party_kind=PartyKind.PERSON, name=f"Ann {random.randrange(2)}")
        return [party, Assignment(party="ann", role=Role.OWNS, item=first, ended=random.random() < 0.3)]
    state = random.choice(list(EventState))
    return [
        Event(
            key=f"e {first}", source="m", item=first, condition="c", severity=random.choice(list(Severity)[1:]),
            state=state, direction=Direction.ERROR, raised_at=at, last_seen_at=at, changed_at=at,
        )
    ]  # fmt: skip


def severities(states: list[Stored]) -> Mapping[str, int]:
    """Evaluate the estate of these states."""
    projection = project(PastGraph(states).whole())
    snapshot = take_snapshot(projection, frozenset(), NOON)
    return dict(zip(snapshot.topology.keys, snapshot.effective.tolist(), strict=True))


def content(states: list[Stored]) -> dict[tuple[RecordKind, str], tuple[Record, object, object]]:
    """Return what is so, since when and recorded when, by record."""
    return {
        (row.record.kind, row.record.key): (row.record, row.valid_from, row.recorded_at) for row in states
    }


async def test_the_stored_past_equals_a_replay_at_every_revision(store: Store) -> None:
    random, replay, living = Random(20260302), FakeGraph(), set[str]()
    times = []
    for number in range(WRITES):
        batch = random_write(random, number, living)
        at = NOON + minutes(number)
        outcome = await store.write(SYSTEM, "test", batch, at)
        copy = await replay.write(SYSTEM, "test", batch, at)
        assert [row.status for row in outcome.results] == [row.status for row in copy.results]
        times.append(at)
    for number, known_at in enumerate(times):
        for as_of in (known_at, times[max(0, number - random.randrange(9))]):
            moment = Moment(as_of, known_at)
            stored, replayed = await store.past(SYSTEM, moment), await replay.past(SYSTEM, moment)
            assert content(stored) == content(replayed)
            assert severities(stored) == severities(replayed)
