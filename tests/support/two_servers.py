"""Two servers of one store that open incidents by rule, and the rounds in which their owner dies or sleeps."""

import json
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cmdb.store.connection import StoreAddress
from tests.support.service import Asker, environment, serving

CAUSES = 8
PATIENCE_SECONDS = 120
QUIET_SECONDS = 4.0
"""How long a woken owner is watched: some of its own beats."""


@dataclass(frozen=True, slots=True)
class Member:
    """One server."""

    url: str
    child: "subprocess.Popen[str]"

    def standing(self) -> dict[str, Any]:
        """Return what `/readyz` tells."""
        answer: dict[str, Any] = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=30).json()
        return answer


@dataclass
class Pair:
    """The servers that run, and the causes raised so far."""

    folder: Path
    store: StoreAddress
    stack: ExitStack
    members: list[Member] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)

    def fill(self) -> None:
        """Start servers until there are two."""
        while len(self.members) < 2:
            name = f"server-{len(list(self.folder.iterdir()))}"
            environ = environment(self.folder / name, self.store) | {"CMDB_INCIDENT_SEVERITY": "critical"}
            (self.folder / name).mkdir()
            self.members.append(Member(*self.stack.enter_context(serving(environ))))

    def owner(self) -> Member:
        """Wait for a member that holds the role."""
        found: Member = until(
            lambda: next((one for one in self.members if one.standing().get("owner")), None)
        )
        return found

    def other(self, owner: Member) -> Member:
        """Return the member that stands by."""
        return next(one for one in self.members if one is not owner)

    def drop(self, member: Member) -> None:
        """Forget a member that has ended."""
        self.members.remove(member)

    def raise_causes(self, member: Member) -> list[str]:
        """Fail some new services at once; return the keys of the events."""
        new = [f"svc-{len(self.causes) + number}" for number in range(CAUSES)]
        self.causes += new
        lines: list[dict[str, str]] = [
            {"kind": "item", "key": key, "class": "business_service", "name": key} for key in new
        ]
        raised = {"kind": "event", "condition": "down", "severity": "critical", "at": "2026-03-02T12:00:00Z"}
        send(member.url, [*lines, *({**raised, "item": key} for key in new)])
        return [f"probe:{key}:down" for key in new]


def send(url: str, records: list[dict[str, str]]) -> None:
    """Upload records in one load."""
    report = httpx.post(
        f"{url}/records",
        params={"source": "probe"},
        content="\n".join(json.dumps(record) for record in records),
        headers={"content-type": "application/x-ndjson"},
        timeout=60,
        trust_env=False,
    ).json()
    assert report.get("problems") == [], report


def until(check: Callable[[], Any]) -> Any:
    """Return the first truthy outcome."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came to pass")


@contextmanager
def pair_of(folder: Path, store: StoreAddress) -> Iterator[Pair]:
    """Yield two running servers; sleepers are woken so that they can be stopped."""
    with ExitStack() as stack:
        pair = Pair(folder, store, stack)
        pair.fill()
        try:
            yield pair
        finally:
            for member in pair.members:
                wake(member)


def wake(member: Member) -> None:
    """Let a stopped process go on."""
    if member.child.poll() is None:
        member.child.send_signal(signal.SIGCONT)


def play_round(pair: Pair, number: int) -> None:
    """Fail services, and let the owner die (odd rounds) or sleep (even ones) while it works on them."""
    chance = random.Random(number)
    owner = pair.owner()
    heir = pair.other(owner)
    events = pair.raise_causes(heir)
    hand = threading.Thread(target=open_by_hand, args=(heir.url, chance.sample(events, 3)))
    hand.start()
    time.sleep(chance.uniform(0.0, 1.2))
    owner.child.send_signal(signal.SIGKILL if number % 2 else signal.SIGSTOP)
    hand.join(PATIENCE_SECONDS)
    require_one_incident_each(pair, heir)
    if number % 2:
        owner.child.wait(PATIENCE_SECONDS)
        pair.drop(owner)
        pair.fill()
    else:
        wake_harmlessly(pair, owner, heir)


def open_by_hand(url: str, events: list[str]) -> None:
    """Open incidents as a person would, at the same time as the rule."""
    for event in events:
        Asker(url).ask("open_ticket", input={"event": event})


def require_one_incident_each(pair: Pair, asked: Member) -> None:
    """Wait until each cause has an incident, and see that none has two."""

    def causes() -> Counter[str]:
        found: Counter[str] = Counter()
        after = None
        while True:
            page = Asker(asked.url).ask("tickets", first=100, after=after)
            found.update(edge["node"]["causeItem"]["key"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    until(lambda: causes().keys() >= set(pair.causes))
    assert causes() == Counter(pair.causes)


def wake_harmlessly(pair: Pair, sleeper: Member, heir: Member) -> None:
    """Once the heir has the role, wake the old owner: it learns that its tenure is over, and writes nothing."""
    until(lambda: heir.standing()["owner"])
    head = heir.standing()["revision"]
    wake(sleeper)
    until(lambda: sleeper.standing().get("owner") is False)
    time.sleep(QUIET_SECONDS)
    assert (heir.standing()["revision"], heir.standing()["owner"]) == (head, True)
    require_one_incident_each(pair, heir)
