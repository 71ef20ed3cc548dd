"""Changes on an estate: 0.2 a CI in the 30 days before a fixed moment, by day, one in ten failed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.estate import Estate
from cmdb.model.records import Change, ChangeKind, ChangeState, Risk

ONSET = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAYS = 30
_RISKS = tuple(Risk)


def changes(estate: Estate) -> Iterator[Change]:
    """Stream the changes, each on one CI, most of them in working hours."""
    draw = np.random.default_rng(11)
    number = len(estate) // 5
    targets = draw.integers(0, len(estate), number).tolist()
    days = draw.integers(1, DAYS + 1, number).tolist()
    minutes = np.clip(draw.normal(0, 150, number), -690, 690).astype(int).tolist()
    failed = (draw.random(number) < 0.1).tolist()
    for at, (target, day, minute, fails) in enumerate(zip(targets, days, minutes, failed, strict=True)):
        start = ONSET - timedelta(days=day, minutes=minute)
        yield Change(
            key=f"CHG-{at:07d}",
            title=f"Update {estate.keys[target]}",
            change_kind=ChangeKind.STANDARD,
            state=ChangeState.FAILED if fails else ChangeState.COMPLETED,
            targets=(estate.keys[target],),
            actual_start=start,
            actual_end=start + timedelta(minutes=30),
            risk=_RISKS[at % len(_RISKS)],
            implementer="crew",
        )
