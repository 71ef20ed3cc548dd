"""Suspect changes: what excludes one, and what makes one rank above another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cmdb.impact.suspects import WEIGHTS, Suspicion, exclusion, rank, score
from cmdb.model.records import Change, ChangeKind, ChangeState, Risk
from tests.support.moments import NOON

WEEK = timedelta(days=7)


def change(key: str = "CHG1", ended: timedelta = timedelta(hours=1), **fields: object) -> Change:
    end = NOON - ended
    plain = Change(
        key=key,
        title=key,
        change_kind=ChangeKind.NORMAL,
        state=ChangeState.COMPLETED,
        targets=("r1",),
        actual_start=end - timedelta(minutes=30),
        actual_end=end,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def suspicion(of: Change, **fields: object) -> Suspicion:
    plain = Suspicion(change=of, cover=0.5, origin=0.0, hops=1, strength=1.0, failed=0, past=0, words=0.0)
    return replace(plain, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": ChangeState.CANCELLED}, "cancelled"),
        ({"actual_start": None, "actual_end": None}, "neither"),
        ({"actual_start": NOON + timedelta(minutes=6), "actual_end": None}, "after the symptom"),
        (
            {"actual_start": NOON - timedelta(days=9), "actual_end": NOON - timedelta(days=8)},
            "before the period",
        ),
    ],
)
def test_what_cannot_be_the_cause_is_excluded_with_its_reason(fields: dict[str, object], words: str) -> None:
    assert words in str(exclusion(replace(change(), **fields), NOON, WEEK))  # type: ignore[arg-type]


def test_a_planned_change_that_has_not_begun_is_excluded() -> None:
    planned = change(
        state=ChangeState.PLANNED, actual_start=None, actual_end=None, planned_start=NOON - timedelta(hours=1)
    )
    assert exclusion(planned, NOON, WEEK) == "planned, not started"


def test_a_change_noticed_a_little_late_stays_a_suspect() -> None:
    late = change(actual_start=NOON + timedelta(minutes=4), actual_end=None, state=ChangeState.RUNNING)
    assert exclusion(late, NOON, WEEK) is None


def test_an_old_patch_on_the_failing_origin_outranks_newer_harmless_work() -> None:
    patch = suspicion(change("PATCH", timedelta(days=3), risk=Risk.HIGH), cover=1.0, origin=1.0, hops=3)
    newer = suspicion(change("NEWER", timedelta(hours=1), risk=Risk.LOW), cover=0.3, hops=0)
    assert [row[0].change.key for row in rank([newer, patch], NOON)] == ["PATCH", "NEWER"]


def test_the_score_is_the_sum_of_its_terms_and_the_weights_of_one() -> None:
    total, terms = score(suspicion(change()), NOON)
    assert total == pytest.approx(sum(term.weight * term.value for term in terms))
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert all(term.reason for term in terms)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"cover": 0.6}, {"cover": 0.5}),
        ({"origin": 1.0}, {"origin": 0.25}),
        ({"hops": 0}, {"hops": 3}),
        ({"strength": 1.0}, {"strength": 0.5}),
        ({"failed": 2, "past": 3}, {"failed": 0, "past": 3}),
        ({"words": 1.0}, {"words": 0.0}),
    ],
)
def test_each_term_moves_the_rank(better: dict[str, object], worse: dict[str, object]) -> None:
    first, second = suspicion(change("B"), **better), suspicion(change("A"), **worse)
    assert rank([second, first], NOON)[0][0] is first


def test_drift_without_a_record_weighs_more() -> None:
    drift = suspicion(change("B", change_kind=ChangeKind.DETECTED))
    assert rank([suspicion(change("A")), drift], NOON)[0][0] is drift


def test_equal_scores_order_by_key() -> None:
    rows = rank([suspicion(change("B")), suspicion(change("A"))], NOON)
    assert [row[0].change.key for row in rows] == ["A", "B"]


def test_a_running_change_counts_as_now() -> None:
    running = change(state=ChangeState.RUNNING, actual_end=None)
    _, terms = score(suspicion(running), NOON)
    assert next(term for term in terms if term.name == "time").value == 1.0


def test_times_read_in_fitting_units() -> None:
    def reason(ended: timedelta, at: datetime = NOON) -> str:
        return next(
            term.reason for term in score(suspicion(change(ended=ended)), at)[1] if term.name == "time"
        )

    assert reason(timedelta(minutes=20)) == "ended 20 min before the symptom"
    assert reason(timedelta(hours=30)) == "ended 30.0 h before the symptom"
    assert reason(timedelta(days=4)) == "ended 4.0 days before the symptom"


def test_an_onset_in_the_first_or_last_year_that_there_is_excludes_by_the_same_rules() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert exclusion(change(), first, WEEK) == "started after the symptom"
    assert exclusion(change(), last, WEEK) == "ended before the period asked for"
    for edge in (first, last):
        assert exclusion(change(actual_start=edge, actual_end=edge), edge, WEEK) is None
