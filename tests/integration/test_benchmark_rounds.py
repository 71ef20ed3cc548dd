"""Benchmarks compare equal answers only, and their verdicts follow from the figures."""

from typing import Any

import pytest

from benchmarks.goals import GOALS, Goal
from benchmarks.parts import ENGINELESS, WORKLOADS, names_of
from benchmarks.report import render
from benchmarks.rounds import (
    ROUNDS,
    Competitor,
    DifferentAnswers,
    affordable,
    check_answers,
    compare,
    ratio,
    summary,
)

ORIGIN: dict[str, Any] = {
    "measured_at": "2026-03-02",
    "command": "make bench",
    "load_before": 0.1,
    "quiet": True,
    "machine": {"cpu": "any", "cores": 2, "memory_gib": 4, "system": "Linux"},
    "versions": {"python": "3.11"},
}


def below(limit: int) -> frozenset[int]:
    return frozenset(range(limit))


def off_by_one(limit: int) -> frozenset[int]:
    return frozenset(range(limit + 1))


def test_different_answers_are_never_clocked() -> None:
    asked: list[int] = []

    def wrong(limit: int) -> frozenset[int]:
        asked.append(limit)
        return off_by_one(limit)

    with pytest.raises(DifferentAnswers, match=r"3: ours 3, rival 4, e\.g\. \[3\]"):
        compare([3, 5], {"ours": Competitor(below, frozenset), "rival": Competitor(wrong, frozenset)})
    assert asked == [3]


def test_equal_answers_are_counted_once() -> None:
    rivals = {"ours": Competitor(below, frozenset), "rival": Competitor(below, frozenset)}
    assert check_answers([2, 3], rivals) == 5
    told = compare([2, 3], rivals, rounds=2)
    assert (told["questions"], told["rounds"], told["mean_answer"]) == (2, 2, 2.5)
    assert set(told["times"]) == {"ours", "rival"}
    assert set(told["ratios"]) == {"rival"}


def test_whole_answers_are_checked_where_pages_are_clocked() -> None:
    page = {"ours": Competitor(lambda _: [0], frozenset), "rival": Competitor(below, frozenset)}
    whole = {name: Competitor(below, frozenset) for name in page}
    assert compare([4], page, whole, rounds=1)["mean_answer"] == 4
    with pytest.raises(DifferentAnswers):
        compare([4], page, rounds=1)


def test_ratios_are_medians_of_rounds_so_that_one_disturbed_round_does_not_count() -> None:
    ours = [[1.0, 1.0, 1.0]] * 5
    rival = [[2.0, 2.0, 2.0]] * 4 + [[90.0, 90.0, 90.0]]
    assert ratio(rival, ours)["median"] == 2
    assert ratio(rival, ours)["low"] == 2
    assert ratio(ours, rival)["median"] == 0.5


def test_times_are_told_in_milliseconds_with_three_digits() -> None:
    assert summary([[0.00123456, 0.00123456]], [0.5]) == {"p50_ms": 1.23, "p99_ms": 1.23, "cpu_ms": 500}


def test_dear_questions_are_asked_less_often_but_at_least_five_times() -> None:
    questions = list(range(30))
    assert affordable(questions, lambda _: None) == questions
    assert affordable(questions, lambda _: None, seconds=0) == questions[:5]
    assert ROUNDS >= 5


def test_each_part_has_a_result_of_its_own_on_each_engine() -> None:
    assert names_of(["kernel", "reading"], ["neo4j", "embedded"]) == {
        "kernel",
        "reading-neo4j",
        "reading-embedded",
    }
    assert names_of(WORKLOADS, []) == ENGINELESS


def test_every_goal_is_measured_by_a_part() -> None:
    assert {goal.workload for goal in GOALS} <= names_of(WORKLOADS, ["neo4j", "embedded"])


@pytest.mark.parametrize(
    ("value", "at_most", "quiet", "verdict"),
    [
        (3, True, True, "met"),
        (4, True, True, "missed"),
        (4, False, True, "met"),
        (2, False, True, "missed"),
        (2, False, False, "missed (busy machine)"),
        (4, False, False, "met"),
    ],
)
def test_a_verdict_follows_from_figure_and_limit(
    value: float, at_most: bool, quiet: bool, verdict: str
) -> None:
    goal = Goal("job", "wanted", "part", lambda result: result["value"], 3, at_most=at_most, unit="ms")
    assert goal.verdict({"value": value, "quiet": quiet}) == verdict


def test_a_miss_says_why_and_what_is_met_needs_no_reason() -> None:
    goal = Goal(
        "job", "wanted", "part", lambda result: result["value"], 3, at_most=True, unit="ms", why_not="cold"
    )
    assert goal.verdict({"value": 4, "quiet": True}) == "missed: cold"
    assert goal.verdict({"value": 4, "quiet": False}) == "missed (busy machine): cold"
    assert goal.verdict({"value": 2, "quiet": True}) == "met"


def test_the_page_tells_losses_and_busy_machines() -> None:
    reading = {
        **ORIGIN,
        "quiet": False,
        "load_before": 7.5,
        "read_seconds": 2.0,
        "dependencies_per_second": 100_000,
        "tick_ms": {"p50": 1.5, "p99": 4.0},
    }
    page = render({("reading-neo4j", "M"): reading})
    assert "**Busy machine: load 7.5 before the run.**" in page
    missed = "| topology from the store, neo4j | M | >= 200,000 dependencies/s | 100,000 /s | missed (busy machine)"
    assert missed in page
    assert "| unchanged tick, neo4j | M | <= 3 ms | 1.5 ms | met |" in page
    assert "## reading-neo4j, 100,000 CIs" in page
