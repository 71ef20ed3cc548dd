"""Times and lengths as people write them on the command line."""

import re
from datetime import datetime, timedelta

from cmdb.errors import ErrorCode, InvalidInput

_LENGTH = re.compile(r"([1-9]\d{0,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def require_zone(option: str, text: str | None) -> str | None:
    """Return a time as it was given; InvalidInput when it is none, or names no zone."""
    try:
        known = text is None or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"{option} is '{text}', no time with a zone.",
            hint="Write it as 2026-03-02T15:00:00Z.",
        )
    return text


def read_length(option: str, text: str) -> timedelta:
    """Return a length such as 30m, 4h or 2d; InvalidInput for anything else."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT, f"{option} is '{text}', no length.", hint="Write it as 30m, 4h or 2d."
        )
    return int(match[1]) * _UNITS[match[2]]
