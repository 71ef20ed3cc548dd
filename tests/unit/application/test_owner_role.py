"""The owner role: by whose clock a holder is silent, who takes over when, and what an old owner believes."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.application.owner_role import EXPIRY_SECONDS, GAP_SECONDS, OwnerRole, Watch
from cmdb.errors import ErrorCode, StoreError
from cmdb.ports.leasing import Sighting
from tests.fakes.lease import FakeLease


def sign(renewals: int, holder: str | None = "other") -> Sighting:
    return Sighting(fence=1, renewals=renewals, holder=holder)


def first_silence(looks: list[tuple[float, int]]) -> float | None:
    watch = Watch()
    return next((at for at, renewals in looks if watch.is_silent(sign(renewals), at)), None)


def test_a_holder_is_silent_after_the_whole_period_and_not_before() -> None:
    assert first_silence([(float(at), 7) for at in range(100, 110)]) == 100 + EXPIRY_SECONDS


def test_each_sign_of_life_starts_the_period_anew() -> None:
    assert first_silence([(float(at), at // 4) for at in range(40)]) is None


def test_who_slept_has_seen_nothing() -> None:
    woken = 100 + EXPIRY_SECONDS * 4
    assert first_silence([(100.0, 7), (woken, 7), (woken + 1, 7)]) is None


@given(st.lists(st.tuples(st.floats(0.1, 8), st.booleans()), max_size=40))
def test_silence_needs_looks_without_a_gap_and_without_a_sign_of_life(
    steps: list[tuple[float, bool]],
) -> None:
    """Against the rule spelt out: go back from the last look while nothing changed and no gap lies in between."""
    watch, now, renewals, looks = Watch(), 0.0, 0, list[tuple[float, int]]()
    for pause, renewed in steps:
        now, renewals = now + pause, renewals + renewed
        looks.append((now, renewals))
        begun = now
        for (earlier, before), (later, _) in zip(reversed(looks[:-1]), reversed(looks), strict=False):
            if before != renewals or later - earlier > GAP_SECONDS:
                break
            begun = earlier
        assert watch.is_silent(sign(renewals), now) == (now - begun >= EXPIRY_SECONDS)


async def test_a_free_role_is_taken_at_once_and_renewed() -> None:
    lease = FakeLease()
    role = OwnerRole(lease, "one")
    await role.step(0.0)
    assert role.fence == 1
    before = lease.seen.renewals
    role.done = 9
    await role.step(1.0)
    assert (lease.seen.renewals, lease.seen.done) == (before + 1, 9)


async def test_a_silent_holder_is_followed_and_what_it_did_is_known() -> None:
    lease = FakeLease()
    old, new = OwnerRole(lease, "old"), OwnerRole(lease, "new")
    await old.step(0.0)
    old.done = 5
    await old.step(1.0)
    for at in range(5):
        await new.step(50.0 + at)
        assert new.fence is None
    await new.step(50.0 + EXPIRY_SECONDS)
    assert (new.fence, new.done) == (2, 5)
    await old.step(90.0)
    assert old.fence is None, "it learns of its end with the next sign of life that it gives"


async def test_a_living_holder_is_left_alone() -> None:
    lease = FakeLease()
    holder, other = OwnerRole(lease, "holder"), OwnerRole(lease, "other")
    for at in range(60):
        await holder.step(float(at))
        await other.step(at + 0.5)
    assert (holder.fence, other.fence) == (1, None)


async def test_a_role_given_back_is_taken_with_the_next_look() -> None:
    lease = FakeLease()
    old, new = OwnerRole(lease, "old"), OwnerRole(lease, "new")
    await old.step(0.0)
    await new.step(0.5)
    await old.release()
    assert old.fence is None
    await new.step(1.5)
    assert new.fence == 2


async def test_who_never_held_the_role_gives_nothing_back() -> None:
    lease = FakeLease()
    holder, other = OwnerRole(lease, "holder"), OwnerRole(lease, "other")
    await holder.step(0.0)
    await other.release()
    assert lease.seen.holder == "holder"


@dataclass
class CutOff(FakeLease):
    """A lease behind a store that can be gone."""

    gone: bool = field(default=False)

    async def renew(self, fence: int, done: int) -> bool:
        """Fail while the store is gone."""
        if self.gone:
            raise StoreError(ErrorCode.STORE_GONE, "The connection was lost.")
        return await super().renew(fence, done)


async def test_an_owner_without_a_store_stops_taking_itself_for_one_when_others_may_follow() -> None:
    lease = CutOff()
    role = OwnerRole(lease, "one")
    await role.step(0.0)
    lease.gone = True
    beliefs: list[int | None] = []
    for at in (1.0, EXPIRY_SECONDS - 0.1, EXPIRY_SECONDS):
        with pytest.raises(StoreError):
            await role.step(at)
        beliefs.append(role.fence)
    assert role.trouble is not None
    assert role.trouble.code is ErrorCode.STORE_GONE
    assert beliefs == [1, 1, None]
    lease.gone = False
    await role.step(EXPIRY_SECONDS + 1)
    assert role.fence == 2, "nobody else came, so it goes on, in a new tenure"
    assert role.trouble is None


class SilentLease(FakeLease):
    """A lease behind a store that takes what it is told and never answers."""

    async def renew(self, fence: int, done: int) -> bool:
        """Wait."""
        await asyncio.Event().wait()
        return True


async def test_a_store_that_says_nothing_ends_the_belief_too() -> None:
    role = OwnerRole(SilentLease(), "one", expiry=0.05)
    await role.step(0.0)
    await role.step(1.0)
    assert role.fence is None
