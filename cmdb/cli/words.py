"""How single values of an answer read in a terminal: severities, times, paths, names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

Json = Mapping[str, Any]
HIDDEN = "restricted"
_STYLES = {
    "OK": "green",
    "WARNING": "yellow",
    "MINOR": "dark_orange",
    "MAJOR": "red",
    "CRITICAL": "bold red",
}


def severity(value: str) -> Text:
    """Return a severity in its colour; rich drops colours where there is no terminal, or with NO_COLOR."""
    return Text(value.lower(), style=_STYLES.get(value, ""))


def name(ref: Json) -> str:
    """Return how a CI is called; one that the caller may not see has no name."""
    return HIDDEN if ref["restricted"] else str(ref["name"])


def names(refs: Iterable[Json], limit: int = 3) -> str:
    """Return the first few names and how many are left out."""
    listed = [name(ref) for ref in refs]
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more


def path(steps: Sequence[Json]) -> str:
    """Return `Finance -> VPN -> edge router 1`; empty for a path without steps."""
    if not steps:
        return ""
    return " -> ".join([name(steps[0]["consumer"]), *(name(step["provider"]) for step in steps)])


def moment(value: str | None) -> str:
    """Return a time as `2026-03-02 11:14` in UTC; the service writes all times in UTC."""
    return value[:16].replace("T", " ") if value else ""


def margin(held: Json) -> str:
    """Say how many further failures a CI survives, and which one would take it down."""
    survives = held["survives"]
    if survives is None:
        return ""
    if survives == 0:
        more = held["nextFailureCount"] - len(held["nextFailures"])
        others = f" and {more} others" if more else ""
        return f"one more failure takes it down ({names(held['nextFailures'])}{others})"
    return f"survives {'' if held['exact'] else 'at least '}{survives} more"


def verdict(step: Json) -> str:
    """Say what the redundancy group of a step holds: `VPN: 1 of 2 licences up, 1 needed, holds`."""
    held = step["verdict"]
    stands = "tripped" if held["tripped"] else "holds"
    count = f"{held['weightUp']} of {held['weight']} {held['group']} up"
    return f"{name(step['step']['consumer'])}: {count}, {held['weightNeeded']} needed, {stands}"


def parties(people: Iterable[Json]) -> str:
    """Return the names of people and groups."""
    return ", ".join(person["name"] for person in people)


def score(value: float) -> str:
    """Return a score of 0 to 1 in two places."""
    return f"{value:.2f}"
