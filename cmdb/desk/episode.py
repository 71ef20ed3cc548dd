"""The plain fold of an event: its steps, each once and in order, become the state of its latest episode."""

from typing import NamedTuple

from cmdb.desk.flapping import Turns


class Step(NamedTuple):
    """What of a transition decides an event's state, in the order in which transitions count.

    The order is total, so that no two deliveries can disagree: the source's own number where it has one (-1 without,
    so a source numbers all its steps or none), its time, a clear after what it clears, the severity, the content.
    `at` is in microseconds since the epoch, `mark` a hash of all that was said, `name` a hash of the step's own id.
    `limit` is the latest time that can be true, where the source's clock told a later one: it orders nothing.
    """

    sequence: int
    at: int
    cleared: bool
    severity: int
    mark: str
    name: str
    direction: str
    unknown: bool
    repeat_seconds: int | None
    limit: int | None = None

    @property
    def time(self) -> int:
        """When it was, as far as that can be compared with other clocks."""
        return self.at if self.limit is None else self.limit

    @property
    def order(self) -> tuple[int, int, bool, int, str]:
        """What steps are compared by."""
        return self[:5]


class Episode(NamedTuple):
    """The latest episode after some steps; times in microseconds since the epoch, `told` open steps."""

    raised: int
    seen: int
    changed: int
    cleared: int | None
    severity: int
    direction: str
    unknown: bool
    repeat_seconds: int | None
    told: int
    turns: Turns

    @property
    def is_open(self) -> bool:
        """Whether it still runs."""
        return self.cleared is None


def advance(episode: Episode | None, step: Step) -> Episode:
    """Return the episode after the next step in order."""
    if step.cleared:
        return _lone_clear(step) if episode is None else _cleared(episode, step)
    if episode is None or not episode.is_open:
        return _opened(step, Turns() if episode is None else episode.turns)
    # Whole and by place: `_replace` takes five times as long, and a write advances over all kept steps of its events.
    return Episode(
        episode.raised,
        step.time,
        episode.changed if episode.severity == step.severity else step.time,
        None,
        step.severity,
        step.direction,
        step.unknown,
        step.repeat_seconds,
        episode.told + 1,
        episode.turns,
    )


def _opened(step: Step, turns: Turns) -> Episode:
    return Episode(
        raised=step.time,
        seen=step.time,
        changed=step.time,
        cleared=None,
        severity=step.severity,
        direction=step.direction,
        unknown=step.unknown,
        repeat_seconds=step.repeat_seconds,
        told=1,
        turns=turns.after(step.time),
    )


def _cleared(episode: Episode, step: Step) -> Episode:
    """A clear ends the episode and keeps how bad it was; another one only says so again."""
    if not episode.is_open:
        return episode._replace(seen=step.time, unknown=step.unknown)
    return episode._replace(
        seen=step.time,
        changed=step.time,
        cleared=step.time,
        unknown=step.unknown,
        turns=episode.turns.after(step.time),
    )


def _lone_clear(step: Step) -> Episode:
    """Of a clear whose beginning nobody told only the end is known."""
    return _opened(step, Turns())._replace(cleared=step.time)
