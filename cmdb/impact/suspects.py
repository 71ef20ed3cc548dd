"""Ranks changes upstream of a symptom: which of them is most likely to have caused it.

Terms and weights are returned with every score, so that an answer can be argued with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.model.answers import Term
from cmdb.model.records import Change, ChangeKind, ChangeState, Risk

GRACE = timedelta(minutes=5)
"""A change that started up to this long after the first symptom can still be its cause: clocks and polls lag."""

DECAY = timedelta(hours=4)
WEIGHTS = {
    "cover": 0.30,
    "origin": 0.20,
    "time": 0.20,
    "near": 0.12,
    "risk": 0.10,
    "unauthorised": 0.05,
    "words": 0.03,
}
_RISK = {Risk.LOW: 0.1, Risk.MEDIUM: 0.5, Risk.HIGH: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What is known of one change on one upstream CI.

    `cover`: share of the symptoms that a fault of the CI explains, 0..1. `origin`: 1 if the CI itself fails and no
    failing CI is upstream of it, less where one is. `hops` to the symptomatic CI; `strength` 0..1 of the
    weakest dependency on the way. `failed` of `past` earlier changes on that CI failed. `words`: share of the
    asked words that its text holds.
    """

    change: Change
    cover: float
    origin: float
    hops: int
    strength: float
    failed: int
    past: int
    words: float


def exclusion(change: Change, onset: datetime, horizon: timedelta) -> str | None:
    """Return why the change cannot have caused a symptom of that onset, or None."""
    if change.state is ChangeState.CANCELLED:
        return "cancelled, never carried out"
    start, end = change.start, change.end
    if start is None:
        return "has neither a planned nor an actual start"
    if start - onset > GRACE:
        return "started after the symptom"
    if change.state is ChangeState.PLANNED and change.actual_start is None:
        return "planned, not started"
    if end is not None and onset - end > horizon:
        return "ended before the period asked for"
    return None


def score(suspicion: Suspicion, onset: datetime) -> tuple[float, tuple[Term, ...]]:
    """Return the weighted sum in 0..1 and its terms."""
    terms = (
        _term("cover", suspicion.cover, f"a fault there explains {suspicion.cover:.0%} of the symptoms"),
        _term("origin", suspicion.origin, _origin_reason(suspicion.origin)),
        _time_term(suspicion.change, onset),
        _term("near", suspicion.strength * 0.6**suspicion.hops, f"{suspicion.hops} hops upstream"),
        _risk_term(suspicion),
        _authority_term(suspicion.change),
        _term("words", suspicion.words, "words of the question found in its text"),
    )
    return sum(term.weight * term.value for term in terms), terms


def rank(suspicions: Sequence[Suspicion], onset: datetime) -> list[tuple[Suspicion, float, tuple[Term, ...]]]:
    """Sort by score, equal scores by key of the change."""
    scored = [(suspicion, *score(suspicion, onset)) for suspicion in suspicions]
    return sorted(scored, key=lambda row: (-row[1], row[0].change.key))


def _term(name: str, value: float, reason: str) -> Term:
    return Term(name=name, weight=WEIGHTS[name], value=round(value, 4), reason=reason)


def _origin_reason(origin: float) -> str:
    if origin >= 1:
        return "its target fails itself and nothing upstream of it does"
    return "its target is close to where the failures begin" if origin > 0 else "nothing fails at its target"


def _time_term(change: Change, onset: datetime) -> Term:
    end = change.end
    if end is None or end >= onset:
        return _term("time", 1.0, "under way when the symptom began")
    gap = onset - end
    return _term("time", math.exp(-gap / DECAY), f"ended {_spell(gap)} before the symptom")


def _spell(gap: timedelta) -> str:
    hours = gap.total_seconds() / 3600
    if hours < 1:
        return f"{gap.total_seconds() / 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _risk_term(suspicion: Suspicion) -> Term:
    """Laplace's rule over earlier changes there, or the stated risk where that is higher."""
    rate = (suspicion.failed + 1) / (suspicion.past + 2)
    own_failure = suspicion.change.state in (ChangeState.FAILED, ChangeState.ROLLED_BACK)
    stated = _RISK.get(suspicion.change.risk, 0.0) if suspicion.change.risk else 0.0
    value = 1.0 if own_failure else max(stated, rate if suspicion.past else 0.0)
    told = f"stated risk {suspicion.change.risk or 'unknown'}"
    return _term(
        "risk", value, f"{told}; {suspicion.failed} of {suspicion.past} earlier changes there failed"
    )


def _authority_term(change: Change) -> Term:
    drifted = change.change_kind is ChangeKind.DETECTED
    return _term("unauthorised", float(drifted), "no change record explains it" if drifted else "recorded")
