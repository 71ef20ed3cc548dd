"""Results as committed data: one JSON file a workload and size."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import QUIET, describe_machine, describe_versions, load_average

RESULTS = Path(__file__).parent / "results"
Result = dict[str, Any]
LOAD_AT_START = load_average()
"""Before our own work raises it."""


def write_result(workload: str, size: str, measured: Result) -> Path:
    """Write what was measured with all that it depends on."""
    path = RESULTS / f"{workload}-{size}.json"
    RESULTS.mkdir(exist_ok=True)
    envelope = {
        "workload": workload,
        "size": size,
        "command": f'make bench SIZE={size} ARGS="--only {workload.partition("-")[0]}"',
        "measured_at": _today(),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "load_before": LOAD_AT_START,
        "quiet": LOAD_AT_START <= QUIET,
    }
    path.write_text(json.dumps(envelope | measured, indent=2) + "\n", encoding="utf-8")
    return path


def read_results() -> dict[tuple[str, str], Result]:
    """Return all committed results by workload and size."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json")))
    return {(result["workload"], result["size"]): result for result in found}


def measured_today(size: str) -> set[str]:
    """Return the names of the results of this size that need not be measured again today."""
    return {
        workload
        for (workload, measured), result in read_results().items()
        if measured == size and result["measured_at"] == _today()
    }


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
