"""Reads a seed folder: an estate, its outage and its fix as record files, and who acts in the story."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cmdb.errors import DeclarationError, ErrorCode, Place
from cmdb.yaml_text import Entry, read_entry

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class SeedFile:
    """One record file and the source that asserts its records."""

    path: Path
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Who and what the story is told with: keys of parties and events, and words that people say."""

    event: str
    symptom: str
    support_group: str
    engineer: str
    note: str
    subscriber: str
    subscriber_words: str
    caller: str
    caller_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A seed folder; the times in its files count from `epoch`, which stands for now."""

    title: str
    description: str
    epoch: datetime
    files: Sequence[SeedFile]
    outage: Sequence[SeedFile]
    fix: Sequence[SeedFile]
    story: Story

    def lines(self, file: SeedFile, now: datetime) -> list[bytes]:
        """Return the file's records, one JSON text each, with all times moved by now - epoch."""
        by = now - self.epoch
        return [_moved(text, by, Place(file.path.name, number)) for number, text in _texts(file.path)]


def read_seed(folder: Path) -> Seed:
    """Read `seed.yaml`; DeclarationError names file, line and field."""
    entry = read_entry(folder / "seed.yaml", f"{folder.name}/seed.yaml")
    entry.allow("title", "description", "epoch", "files", "outage", "fix", "story")
    return Seed(
        title=entry.text("title"),
        description=entry.text("description"),
        epoch=_epoch(entry),
        files=_files(entry, "files", folder),
        outage=_files(entry, "outage", folder),
        fix=_files(entry, "fix", folder),
        story=_story(entry),
    )


def _epoch(entry: Entry) -> datetime:
    text = entry.text("epoch")
    if not _TIME.fullmatch(text):
        raise entry.fault(
            f"'epoch' is '{text}'.", "Give a time with its zone, such as 2026-03-02T12:00:00Z.", "epoch"
        )
    return datetime.fromisoformat(text)


def _files(entry: Entry, phase: str, folder: Path) -> tuple[SeedFile, ...]:
    return tuple(_file(row, folder) for row in entry.entries(phase))


def _file(entry: Entry, folder: Path) -> SeedFile:
    entry.allow("source")
    path = folder / entry.name
    if not path.is_file():
        raise entry.fault(
            f"There is no file '{entry.name}'.", "Write it beside seed.yaml, or drop the entry."
        )
    return SeedFile(path, entry.text("source"))


def _story(entry: Entry) -> Story:
    values = entry.values.get("story")
    if not isinstance(values, dict):
        raise entry.fault("'story' is no mapping.", "Say who acts in the story.", "story")
    inner = Entry(entry.source, "story", values, entry.lines, ("story",))
    names = tuple(Story.__dataclass_fields__)
    inner.allow(*names)
    return Story(**{name: inner.text(name) for name in names})


def _texts(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _moved(text: str, by: timedelta, place: Place) -> bytes:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise DeclarationError(
            ErrorCode.SYNTAX, f"This is not JSON: {error}.", hint="Correct that line.", place=place
        ) from error
    return json.dumps(_shift(record, by)).encode()


def _shift(value: object, by: timedelta) -> object:
    if isinstance(value, dict):
        return {name: _shift(part, by) for name, part in value.items()}
    if isinstance(value, list):
        return [_shift(part, by) for part in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return (datetime.fromisoformat(value) + by).isoformat()
    return value
