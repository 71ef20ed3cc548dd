"""Planned changes that run are maintenance of their targets: what fails meanwhile was announced."""

from collections.abc import Iterable, Iterator

from cmdb.model.records import Change, ChangeKind, ChangeState
from cmdb.model.windows import Window, WindowKind


def change_windows(changes: Iterable[Change]) -> Iterator[Window]:
    """Yield a window for each planned change that runs, from its start to the end that was planned.

    One that overruns is maintenance no longer: then somebody should hear of it. Detected changes were not planned.
    """
    for change in changes:
        if change.state is not ChangeState.RUNNING or change.change_kind is ChangeKind.DETECTED:
            continue
        start, end = change.actual_start or change.planned_start, change.planned_end
        if change.targets and start is not None and end is not None and start < end:
            yield Window(
                key=f"change {change.key}",
                window_kind=WindowKind.MAINTENANCE,
                title=change.title,
                items=change.targets,
                start=start,
                end=end,
            )
