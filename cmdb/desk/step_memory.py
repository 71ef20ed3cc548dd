"""What an event remembers of its steps, so that late and doubled ones end in the state that order and once would.

Bounded: the latest `KEPT` steps one by one, all before them as the episode that they had led to. A step that was seen
changes nothing, however often it comes. One that comes after `KEPT` later ones of its event is too late: it may have
been counted already, so it is left aside, and no more than `raised_at`, `changed_at` and `count` can lack it.
"""

import json
from bisect import insort
from dataclasses import dataclass, field
from typing import Any

from cmdb.desk.episode import Episode, Step, advance
from cmdb.desk.flapping import Turns

KEPT = 32
"""Steps of one event that may overtake another one on its way here."""

TEXTS = ("item", "condition", "subject", "summary", "link", "raw")
"""Fields of an event on which the latest step that says anything has the last word."""

Order = tuple[int, int, bool, int, str]
_USUAL = (-1, 0, 0, 0, "", "", "error", 0, None, None)
"""What is left out at the end of a step that is written down."""

_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(slots=True)
class StepMemory:
    """The steps of one event; `said` names, per field of text, which step it comes from.

    `floor` is the order of the latest step that is no longer kept, `base` the episode up to it.
    """

    steps: list[Step] = field(default_factory=list)
    floor: Order | None = None
    base: Episode | None = None
    said: dict[str, Order] = field(default_factory=dict)

    def take(self, step: Step) -> bool:
        """Remember the step; False when it was known, or comes too late to tell."""
        if self.floor is not None and step.order <= self.floor:
            return False
        same = next((known for known in self.steps if known.name == step.name), None)
        if same is not None:
            if step.order < same.order or (step.order == same.order and not _is_earlier(step, same)):
                return False
            self.steps.remove(same)
        insort(self.steps, step, key=_order)
        if len(self.steps) > KEPT:
            oldest = self.steps.pop(0)
            self.floor, self.base = oldest.order, advance(self.base, oldest)
        return True

    @property
    def is_ahead(self) -> bool:
        """Whether a step that is kept one by one told of a time to come."""
        return any(step.limit is not None for step in self.steps)

    def says(self, name: str, order: Order) -> bool:
        """Whether a step of this order has the last word on a field of text; then it is remembered as such."""
        if name in self.said and order <= self.said[name]:
            return False
        self.said[name] = order
        return True

    def episode(self) -> Episode:
        """Return where all steps together lead."""
        episode = self.base
        for step in self.steps:
            episode = advance(episode, step)
        if episode is None:
            raise ValueError("a memory without a step has no episode")
        return episode

    def write(self) -> str:
        """Return the memory as one line of text; a text of the latest step needs no word of its own."""
        latest = _latest(self.steps)
        older = {name: self.said[name] for name in TEXTS if self.said.get(name, latest) != latest}
        silent = [name for name in TEXTS if name not in self.said]
        return _write([[_packed(step) for step in self.steps], self.floor, self.base, older, silent])


def read_memory(text: str) -> StepMemory:
    """Read what `write` wrote."""
    steps, floor, base, older, silent = json.loads(text)
    memory = StepMemory([_unpacked(step) for step in steps], None if floor is None else tuple(floor))
    if base is not None:
        *plain, (times, flapping) = base
        memory.base = Episode._make([*plain, Turns(tuple(times), flapping)])
    latest = _latest(memory.steps)
    named = [name for name in TEXTS if name not in silent]
    memory.said = {name: tuple(older[name]) if name in older else latest for name in named}
    return memory


def _is_earlier(step: Step, same: Step) -> bool:
    """Whether this copy of a step was received before the other one, as far as that limits its time."""
    return step.limit is not None and (same.limit is None or step.limit < same.limit)


def _packed(step: Step) -> list[object]:
    """Return the step without what most steps share: a name of their own, and the usual values at the end."""
    sequence, at, cleared, severity, mark, name, direction, unknown, repeat_seconds, limit = step
    name = "" if name == mark else name
    packed = [
        sequence,
        at,
        int(cleared),
        severity,
        mark,
        name,
        direction,
        int(unknown),
        repeat_seconds,
        limit,
    ]
    while packed and packed[-1] == _USUAL[len(packed) - 1]:
        packed.pop()
    return packed


def _unpacked(packed: list[Any]) -> Step:
    whole = (*packed, *_USUAL[len(packed) :])
    sequence, at, cleared, severity, mark, name, direction, unknown, repeat_seconds, limit = whole
    named = name or mark
    return Step(
        sequence, at, bool(cleared), severity, mark, named, direction, bool(unknown), repeat_seconds, limit
    )


def _order(step: Step) -> Order:
    return step.order


def _latest(steps: list[Step]) -> Order:
    return steps[-1].order
