"""Events posted to the inbox, one and a hundred a body: how fast they are acknowledged, and how fast applied."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.outcome import Result
from tests.support.service import Asker

SCRIPT = Path(__file__).with_name("post_events.lua")
SECONDS = 3
ROUNDS = 3
BATCH = 100
DRAIN_SECONDS = 600.0

Told = dict[str, float]


def measure_inbox(port: int) -> Result | None:
    """Measure in turns; None where wrk is missing, because a client in Python would be measured instead."""
    if shutil.which("wrk") is None:
        print("NOT MEASURED: the inbox; wrk is missing, install the Debian package wrk", file=sys.stderr)
        return None
    url = f"http://127.0.0.1:{port}"
    rows = [{"key": "inbox-host", "class": "server", "name": "inbox-host"}]
    Asker(url).ask("record_items", input={"source": "bench", "rows": rows})
    single, batched, applied = [], [], []
    for number in range(ROUNDS):
        single.append(_post(url, 1, 64, number))
        _drain(url)
        batched.append(_post(url, BATCH, 16, number))
        deliveries, seconds = _drain(url)
        applied.append(deliveries * BATCH / seconds)
    return {
        "posts": _median(single, 1),
        "batches": _median(batched, BATCH) | {"events_a_body": BATCH},
        "applied_per_second": round(statistics.median(applied)),
        "client": f"wrk, one thread, {SECONDS} s a round, {ROUNDS} rounds",
        "failed": sum(int(told["failed"]) for told in single + batched),
    }


def _post(url: str, per: int, connections: int, number: int) -> Told:
    """Post for a while; each round has later times and another text, so that nothing is a repetition."""
    at = f"2026-03-02T11:{number:02d}:00"
    ran = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(SCRIPT), url],
        env={**os.environ, "PER": str(per), "ROUND": str(number), "AT": at},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told: Told = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


def _drain(url: str) -> tuple[int, float]:
    """Wait until all is applied; return how many deliveries waited, and the seconds that took."""
    began, asker = time.monotonic(), Asker(url)
    waiting = first = int(asker.ask("inbox")["waiting"])
    while waiting:
        if time.monotonic() - began > DRAIN_SECONDS:
            raise RuntimeError(f"{waiting} deliveries still wait")
        time.sleep(0.05)
        waiting = int(asker.ask("inbox")["waiting"])
    return first, time.monotonic() - began


def _median(rounds: list[Told], per: int) -> Result:
    rates = [told["requests"] * per / told["seconds"] for told in rounds]
    return {
        "events_per_second": round(statistics.median(rates)),
        "p50_ms": round(statistics.median(told["p50_ms"] for told in rounds), 2),
        "p99_ms": round(statistics.median(told["p99_ms"] for told in rounds), 2),
    }
