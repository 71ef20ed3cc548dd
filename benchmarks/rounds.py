"""Compares competitors: equal answers first, then turns ABAB, medians of per-round ratios with their spread."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from benchmarks.machine import cpu_seconds

Q = TypeVar("Q")
ROUNDS = 5
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Competitor(Generic[Q]):
    """One way to answer; `ask` is clocked, `answer_set` turns what it returns into a comparable set."""

    ask: Callable[[Q], Any]
    answer_set: Callable[[Any], frozenset[Any]]


class DifferentAnswers(Exception):
    """Two competitors do not answer the same, so their times say nothing."""


def check_answers(questions: Sequence[Q], competitors: Mapping[str, Competitor[Q]]) -> int:
    """Return how many members the answers had in all; raises DifferentAnswers."""
    first, *others = competitors
    members = 0
    for question in questions:
        expected = competitors[first].answer_set(competitors[first].ask(question))
        members += len(expected)
        for name in others:
            found = competitors[name].answer_set(competitors[name].ask(question))
            if found != expected:
                raise DifferentAnswers(
                    f"{question!r}: {first} {len(expected)}, {name} {len(found)}, "
                    f"e.g. {sorted(found ^ expected, key=str)[:5]}"
                )
    return members


def affordable(questions: Sequence[Q], ask: Callable[[Q], Any], seconds: float = 8.0) -> Sequence[Q]:
    """Return as many questions as `ask` can answer in all rounds within about that time, five or more."""
    ask(questions[0])
    each = max(_clock(ask, question) for question in questions[:3])
    return questions[: max(5, int(seconds / each / (ROUNDS + 1)))]


def compare(
    questions: Sequence[Q],
    competitors: Mapping[str, Competitor[Q]],
    whole: Mapping[str, Competitor[Q]] | None = None,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """Check the answers, clock all competitors in turns; ratios are rival / first, above 1 the first is faster.

    Where what is clocked returns a page, `whole` are the same competitors with whole answers, to be checked instead.
    """
    members = check_answers(questions, whole or competitors)
    clocked: dict[str, list[list[float]]] = {name: [] for name in competitors}
    used: dict[str, list[float]] = {name: [] for name in competitors}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, competitor in competitors.items():
                before = cpu_seconds()
                clocked[name].append([_clock(competitor.ask, question) for question in questions])
                used[name].append((cpu_seconds() - before) / len(questions))
    finally:
        gc.enable()
    ours = next(iter(competitors))
    return {
        "questions": len(questions),
        "rounds": rounds,
        "mean_answer": round(members / len(questions), 1),
        "times": {name: summary(clocked[name], used[name]) for name in competitors},
        "ratios": {name: ratio(clocked[name], clocked[ours]) for name in competitors if name != ours},
    }


def _clock(ask: Callable[[Q], Any], question: Q) -> float:
    start = time.perf_counter()
    ask(question)
    return time.perf_counter() - start


def summary(clocked: list[list[float]], used: list[float]) -> dict[str, float]:
    """Return p50 and p99 over all rounds, and processor time per question, its servers' included, in ms."""
    times = np.array(clocked).ravel() * 1000
    return {
        "p50_ms": _figure(float(np.percentile(times, 50))),
        "p99_ms": _figure(float(np.percentile(times, 99))),
        "cpu_ms": _figure(float(np.median(used)) * 1000),
    }


def ratio(rival: list[list[float]], ours: list[list[float]]) -> dict[str, float]:
    """Return the median over rounds of (rival's median / our median) with its 95 % bootstrap interval."""
    each = np.median(np.array(rival), axis=1) / np.median(np.array(ours), axis=1)
    drawn = np.random.default_rng(0).choice(each, (RESAMPLES, len(each)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return {
        "median": _figure(float(np.median(each))),
        "low": _figure(float(low)),
        "high": _figure(float(high)),
    }


def _figure(value: float) -> float:
    """Keep three digits: more would be noise."""
    return float(f"{value:.3g}")
