"""Both engines and the independent oracle give one answer: random estates with events, written and read back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.application.projection import project
from cmdb.application.snapshot import Snapshot, take_snapshot
from cmdb.desk.access import SYSTEM, visible
from cmdb.model.access import Nothing, Principal, PrincipalRole
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
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordFilter
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store
from tests.conftest import ENGINES, MIGRATIONS, VERBS, wipe
from tests.oracle.brute_force import Oracle
from tests.support.estates import Estate, estates
from tests.support.moments import NOON

NUMBERS = count()
PARTIES = ("ann", "bob")
CLASSES = ("router", "server", "business_service")
KEYS = tuple(f"ci{number}" for number in range(9))


@pytest.fixture(scope="module", params=ENGINES)
def engine_address(request: pytest.FixtureRequest) -> StoreAddress:
    """The address of each engine in turn."""
    address = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(address, StoreAddress)
    return address


@pytest.fixture(scope="module")
async def filled(engine_address: StoreAddress) -> AsyncIterator[Store]:
    """One store that all examples of this module write into, each under names of its own."""
    await wipe(engine_address)
    async with open_store(engine_address, VERBS, MIGRATIONS) as store:
        yield store


def renamed(estate: Estate, prefix: str) -> Estate:
    """Give the estate's CIs names that no other example has."""
    items = tuple(replace(item, key=prefix + item.key) for item in estate.items)
    rows = tuple(
        replace(row, consumer=prefix + row.consumer, provider=prefix + row.provider)
        for row in estate.dependencies
    )
    return Estate(items, rows, {prefix + key: rung for key, rung in estate.own.items()})


def failing(key: str, severity: Severity) -> Event:
    """Return an open error event."""
    return Event(
        key=f"on {key}", source="m", item=key, condition="down", severity=severity, state=EventState.OPEN,
        direction=Direction.ERROR, raised_at=NOON, last_seen_at=NOON, changed_at=NOON,
    )  # fmt: skip


@given(estate=estates())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_what_an_engine_gives_back_evaluates_as_the_oracle_says(filled: Store, estate: Estate) -> None:
    named = renamed(estate, f"x{next(NUMBERS)}-")
    events = [failing(key, severity) for key, severity in named.own.items()]
    since = await filled.head()
    outcome = await filled.write(SYSTEM, "test", [*named.items, *named.dependencies, *events], NOON)
    assert not outcome.refused
    projection = project(await filled.delta(SYSTEM, since))
    snapshot = take_snapshot(projection, frozenset(), NOON)
    found = dict(zip(snapshot.topology.keys, snapshot.effective.tolist(), strict=True))
    assert found == Oracle(named.items, named.dependencies).severities(named.own)


def estate_for_access() -> list[Record]:
    """CIs of several classes, two parties with subscriptions (one ended), an event on every CI."""
    items = [Item(key=key, ci_class=CLASSES[number % 3], name=key) for number, key in enumerate(KEYS)]
    parties = [Party(key=party, party_kind=PartyKind.PERSON, name=party) for party in PARTIES]
    subscriptions = [
        Assignment(party=party, role=Role.SUBSCRIBES, item=key)
        for number, key in enumerate(KEYS)
        for party in PARTIES[: number % 3]
    ]
    owned = [Assignment(party="bob", role=Role.OWNS, item="ci0")]
    chain = [
        Dependency(consumer=first, verb="DEPENDS_ON", provider=second) for first, second in pairwise(KEYS)
    ]
    return [*items, *parties, *subscriptions, *owned, *chain, *(failing(key, Severity.MINOR) for key in KEYS)]


def principals() -> st.SearchStrategy[Principal]:
    """Any principal over that estate."""

    def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
        return st.none() | st.frozensets(st.sampled_from([*values, "none such"]))

    return st.builds(
        Principal,
        name=st.just("somebody"),
        role=st.sampled_from(PrincipalRole),
        party=st.sampled_from([None, *PARTIES, "none such"]),
        classes=some(CLASSES),
        keys=some(KEYS),
    )


@pytest.fixture(scope="module")
async def guarded(filled: Store) -> tuple[Store, Snapshot]:
    """The access estate in the store, and its snapshot."""
    since = await filled.head()
    await filled.write(SYSTEM, "test", estate_for_access(), NOON)
    ended = Assignment(party="ann", role=Role.SUBSCRIBES, item="ci1", ended=True)
    await filled.write(SYSTEM, "test", [ended], NOON)
    projection = project(await filled.delta(SYSTEM, since))
    return filled, take_snapshot(projection, frozenset(), NOON)


@given(principal=principals())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_mask_and_compiled_cypher_select_the_same_rows(
    guarded: tuple[Store, Snapshot], principal: Principal
) -> None:
    store, snapshot = guarded
    mask = snapshot.mask(principal)
    everything = np.ones(len(snapshot.topology), bool)
    seen = {snapshot.topology.keys[at] for at in np.flatnonzero(everything if mask is None else mask)}
    rows = await store.records(principal, RecordKind.ITEM, KEYS)
    assert {row.record.key for row in rows} == seen & set(KEYS)
    query = RecordFilter(items=frozenset(KEYS))
    events = await store.page(principal, RecordKind.EVENT, query, None, 50)
    assert {row.record.item for row in events if isinstance(row.record, Event)} == seen & set(KEYS)
    assert await store.count(principal, RecordKind.EVENT, query) == len(events)
    if isinstance(visible(principal), Nothing):
        assert not rows
