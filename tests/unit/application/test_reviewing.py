"""What people decide about identity moves what sources say, and stands against every later run."""

from dataclasses import replace

import pytest

from cmdb.application.reviewing import Decision, Reviewing
from cmdb.errors import CmdbError, Conflict, ErrorCode, Forbidden, InvalidInput, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.runs import Review, ReviewState
from tests.support.feeds import ci, living, named, open_dependencies, run, runs_on, seen
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, item

TWIN = {"fqdn": "twin.example.com"}
EVA = Principal(name="eva", role=PrincipalRole.ENGINEER)
KEY = "ansible|twin"
FEED = (seen("twin", os="Debian", **TWIN), seen("db"), runs_on("twin", "db"))


async def doubtful() -> Bench:
    """Return an estate in which a host of one source may be either of two CIs."""
    bench = Bench()
    await bench.assert_records(
        item("one", "server", attributes=dict(TWIN)), item("two", "server", attributes=dict(TWIN))
    )
    await run(bench, "ansible", *FEED)
    return bench


def reviews(bench: Bench) -> Reviewing:
    return bench.application.reviews


async def accept(bench: Bench, candidate: str = "two") -> Decision:
    return await reviews(bench).accept(EVA, KEY, candidate)


async def refused(bench: Bench, kind: type[CmdbError], key: str = KEY, candidate: str = "two") -> CmdbError:
    """Return the refusal, after which nothing was written."""
    before = bench.graph.revision, dict(bench.run_log.known_reviews)
    with pytest.raises(kind) as caught:
        await reviews(bench).accept(EVA, key, candidate)
    assert (bench.graph.revision, bench.run_log.known_reviews) == before
    assert caught.value.hint
    return caught.value


# --- accepting --------------------------------------------------------------------------------------------------


async def test_what_is_accepted_moves_with_its_dependencies_and_what_it_stood_for_is_retired() -> None:
    bench = await doubtful()
    assert set(open_dependencies(bench)) == {"twin|DEPENDS_ON|db|"}
    bench.clock.advance(7)
    decision = await accept(bench)
    assert decision.revision == bench.graph.revision
    assert living(bench) == {"one", "two", "db"}
    assert set(open_dependencies(bench)) == {"two|DEPENDS_ON|db|"}
    taken = await ci(bench, "two")
    assert [(row.source, row.key, row.rule) for row in taken.sightings] == [
        ("ansible", "twin", "decided by eva"),
        ("records", "two", "recorded directly"),
    ]
    assert taken.attributes["os"] == "Debian"
    review = decision.review
    assert (review.state, review.decided_by, review.decided_at) == (
        ReviewState.ACCEPTED,
        "eva",
        NOON + minutes(7),
    )
    assert review.rejected == ("one",), "the other candidates are ruled out"
    assert bench.run_log.known_reviews[KEY] == review


async def test_what_was_decided_stands_in_later_runs() -> None:
    bench = await doubtful()
    await accept(bench)
    revision = bench.graph.revision
    bench.clock.advance(60)
    again = await run(bench, "ansible", *FEED)
    assert (bench.graph.revision, set(again.counts)) == (
        revision,
        {"items.unchanged", "dependencies.unchanged"},
    )


async def test_a_mention_that_is_bound_to_nothing_is_bound_by_the_next_run() -> None:
    bench = Bench()
    await bench.assert_records(item("one", "switch", "sw"), item("two", "switch", "sw"))
    feed = (seen("a", "switch", "sw-a"), named("sw", "switch"), runs_on("a", "sw"))
    await run(bench, "lldp", *feed)
    revision = bench.graph.revision
    decision = await reviews(bench).accept(EVA, "lldp|sw", "two")
    assert (decision.revision, bench.graph.revision) == (revision, revision)
    bench.clock.advance(60)
    await run(bench, "lldp", *feed)
    assert set(open_dependencies(bench)) == {"a|DEPENDS_ON|two|"}


async def test_an_earlier_no_is_taken_back_by_a_yes() -> None:
    bench = await doubtful()
    held = bench.run_log.known_reviews[KEY]
    bench.run_log.known_reviews[KEY] = replace(held, rejected=("two", "three"))
    assert (await accept(bench)).review.rejected == ("one", "three")


async def test_what_the_source_sees_elsewhere_by_now_is_not_moved() -> None:
    bench = await doubtful()
    held = bench.run_log.known_reviews[KEY]
    bench.run_log.known_reviews[KEY] = replace(held, item="db")
    error = await refused(bench, Conflict)
    assert "does not see 'db' as 'twin' any more" in error.message


# --- refusals -----------------------------------------------------------------------------------------------------


async def test_only_a_candidate_can_be_accepted() -> None:
    error = await refused(await doubtful(), InvalidInput, candidate="db")
    assert (error.code, error.hint) == (ErrorCode.BAD_ARGUMENT, "Choose from one, two.")


async def test_a_review_that_is_not_there_or_decided_already_says_so() -> None:
    bench = await doubtful()
    assert (await refused(bench, NotFound, key="ansible|nothing")).code is ErrorCode.NOT_FOUND
    await reviews(bench).reject(EVA, KEY)
    error = await refused(bench, Conflict)
    assert "rejected by eva already" in error.message


@pytest.mark.parametrize("role", [PrincipalRole.LOADER, PrincipalRole.DESK, PrincipalRole.AUDITOR])
async def test_only_those_who_may_decide_see_and_decide(role: PrincipalRole) -> None:
    bench = await doubtful()
    asking = Principal(name="x", role=role)
    revision, held = bench.graph.revision, dict(bench.run_log.known_reviews)
    for attempt in (
        reviews(bench).list_open(asking),
        reviews(bench).accept(asking, KEY, "two"),
        reviews(bench).reject(asking, KEY),
        reviews(bench).split(asking, "twin", "ansible", "twin"),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert (bench.graph.revision, bench.run_log.known_reviews) == (revision, held)


# --- rejecting ----------------------------------------------------------------------------------------------------


async def test_what_is_rejected_stays_a_ci_of_its_own_for_ever() -> None:
    bench = await doubtful()
    revision = bench.graph.revision
    decision = await reviews(bench).reject(EVA, KEY)
    assert (decision.revision, decision.review.state) == (revision, ReviewState.REJECTED)
    assert decision.review.rejected == ("one", "two")
    bench.clock.advance(60)
    await run(bench, "ansible", *FEED)
    assert living(bench) == {"one", "two", "twin", "db"}
    assert await reviews(bench).list_open(EVA) == []


async def test_open_reviews_come_oldest_first() -> None:
    bench = await doubtful()
    held = bench.run_log.known_reviews[KEY]

    def later(native: str, count: float, state: ReviewState = ReviewState.OPEN) -> Review:
        return replace(held, native=native, opened_at=NOON + minutes(count), state=state)

    await bench.run_log.put_reviews(
        [later("a", 2), later("c", 1), later("b", 1), later("d", 0, ReviewState.ACCEPTED)]
    )
    assert [row.native for row in await reviews(bench).list_open(EVA)] == ["twin", "b", "c", "a"]


# --- splitting ----------------------------------------------------------------------------------------------------


async def merged() -> Bench:
    """Return an estate in which two sources see one CI, each with a dependency of its own."""
    bench = Bench()
    await run(bench, "netbox", seen("d:1", role="web", **TWIN), seen("d:2"), runs_on("d:1", "d:2"))
    await run(bench, "ansible", seen("h", os="Debian", **TWIN), seen("db"), runs_on("h", "db"))
    assert living(bench) == {"d:1", "d:2", "db"}
    return bench


async def test_a_split_takes_what_the_source_says_away_and_no_run_joins_it_again() -> None:
    bench = await merged()
    decision = await reviews(bench).split(EVA, "d:1", "ansible", "h")
    assert living(bench) == {"d:1", "d:2", "db", "h"}
    assert set(open_dependencies(bench)) == {"d:1|DEPENDS_ON|d:2|", "h|DEPENDS_ON|db|"}
    assert "os" not in (await ci(bench, "d:1")).attributes
    assert (await ci(bench, "h")).attributes["os"] == "Debian"
    assert (decision.review.state, decision.review.item, decision.review.rejected) == (
        ReviewState.REJECTED,
        "h",
        ("d:1",),
    )
    revision = bench.graph.revision
    bench.clock.advance(60)
    again = await run(bench, "ansible", seen("h", os="Debian", **TWIN), seen("db"), runs_on("h", "db"))
    assert (bench.graph.revision, again.counts["items.unchanged"]) == (revision, 2)


async def test_what_was_split_off_gets_a_key_that_is_free() -> None:
    bench = await merged()
    await bench.assert_records(item("h", "application"), item("ansible/h", "application"))
    decision = await reviews(bench).split(EVA, "d:1", "ansible", "h")
    assert decision.review.item == "ansible/h~2"
    assert (await ci(bench, "ansible/h~2")).attributes["os"] == "Debian"


async def test_the_key_of_a_ci_that_a_decision_emptied_is_free_again() -> None:
    bench = await doubtful()
    await accept(bench)
    assert (await ci(bench, "twin")).retired
    decision = await reviews(bench).split(EVA, "two", "ansible", "twin")
    assert decision.review.item == "twin"
    assert not (await ci(bench, "twin")).retired
    assert set(open_dependencies(bench)) == {"twin|DEPENDS_ON|db|"}


async def test_only_one_of_several_sightings_can_be_split_off() -> None:
    bench = await merged()
    with pytest.raises(NotFound, match="'ansible' does not see 'd:1' as 'g'"):
        await reviews(bench).split(EVA, "d:1", "ansible", "g")
    with pytest.raises(NotFound, match="no CI 'nowhere'"):
        await reviews(bench).split(EVA, "nowhere", "ansible", "h")
    with pytest.raises(Conflict, match="is all that 'db' consists of"):
        await reviews(bench).split(EVA, "db", "ansible", "db")
