"""Probable causes: the soft discount, silent candidates and deterministic order."""

from dataclasses import replace

import pytest

from cmdb.impact.rootcause import WEIGHTS, Candidate, rank
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes


def candidate(item: str, **fields: object) -> Candidate:
    plain = Candidate(
        item=item, cover=0.5, need=0.5, own=Severity.MAJOR, provider=Severity.OK, raised_at=NOON, suspect=0.0
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def order(*candidates: Candidate) -> list[str]:
    return [row[0].item for row in rank(candidates, NOON)]


def test_the_provider_outranks_the_consumer_that_fails_through_it() -> None:
    assert order(candidate("vpn", provider=Severity.CRITICAL), candidate("wan")) == ["wan", "vpn"]


def test_a_failing_provider_discounts_but_does_not_silence() -> None:
    strong = candidate("vpn", own=Severity.CRITICAL, provider=Severity.WARNING, cover=1.0)
    assert order(candidate("wan", own=Severity.WARNING, cover=0.4), strong) == ["vpn", "wan"]


def test_a_silent_ci_with_a_suspect_change_beats_one_without() -> None:
    silent = {"own": Severity.OK, "raised_at": None}
    assert order(candidate("a", **silent), candidate("b", suspect=0.9, **silent)) == ["b", "a"]


def test_an_earlier_event_ranks_higher() -> None:
    assert order(candidate("a", raised_at=NOON + minutes(20)), candidate("b")) == ["b", "a"]


def test_equal_scores_order_by_key_and_weights_sum_to_one() -> None:
    assert order(candidate("b"), candidate("a")) == ["a", "b"]
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_every_term_comes_with_a_reason() -> None:
    _, score, terms = rank([candidate("a", raised_at=None)], NOON)[0]
    assert score == pytest.approx(sum(term.weight * term.value for term in terms))
    assert all(term.reason for term in terms)
