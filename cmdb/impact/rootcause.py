"""Ranks CIs that can explain a set of symptoms, silent ones included."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.model.answers import Term
from cmdb.model.severity import Severity

DELAY = timedelta(minutes=2)
DECAY = timedelta(minutes=5)
DISCOUNT = 0.4
"""How much of a provider's evidence is taken off its consumer's own: soft, because hard rules lose true causes."""

WEIGHTS = {"cover": 0.30, "need": 0.20, "excess": 0.20, "time": 0.10, "class": 0.05, "change": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is known of one CI as a cause.

    `cover`: share of the symptoms that its failure reaches, weighted by severity. `need`: share of the asked CI's
    trouble that goes away without it. `own`: own severity; `provider`: worst own severity among its providers.
    `raised_at`: first own event, None for a silent CI. `suspect`: best suspect-change score on it, 0..1.
    """

    item: str
    cover: float
    need: float
    own: Severity
    provider: Severity
    raised_at: datetime | None
    suspect: float


def rank(candidates: Sequence[Candidate], first: datetime) -> list[tuple[Candidate, float, tuple[Term, ...]]]:
    """Score candidates against symptoms that began at `first`; equal scores order by key."""
    scored = [(candidate, *_score(candidate, first)) for candidate in candidates]
    return sorted(scored, key=lambda row: (-row[1], row[0].item))


def _score(candidate: Candidate, first: datetime) -> tuple[float, tuple[Term, ...]]:
    top = float(Severity.CRITICAL)
    excess = max(0.0, candidate.own / top - DISCOUNT * candidate.provider / top)
    silent = candidate.raised_at is None
    terms = (
        _term("cover", candidate.cover, f"its failure reaches {candidate.cover:.0%} of the symptoms"),
        _term("need", candidate.need, f"{candidate.need:.0%} of the trouble goes away without it"),
        _term("excess", excess, f"own severity {candidate.own}, worst provider {candidate.provider}"),
        _time_term(candidate, first),
        _term("class", 0.0 if silent else 1.0, "no event of its own" if silent else "fails itself"),
        _term("change", candidate.suspect, "best score of a change on it"),
    )
    return sum(term.weight * term.value for term in terms), terms


def _time_term(candidate: Candidate, first: datetime) -> Term:
    if candidate.raised_at is None:
        return _term("time", 0.5, "silent: no time to compare")
    late = max(timedelta(0), candidate.raised_at - first - DELAY)
    minutes = late.total_seconds() / 60
    return _term("time", math.exp(-late / DECAY), f"{minutes:.0f} min after the first symptom")


def _term(name: str, value: float, reason: str) -> Term:
    return Term(name=name, weight=WEIGHTS[name], value=round(value, 4), reason=reason)
