"""The loader folders: what each declares, and loading a file with one of them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place
from cmdb.ingest.document import Remark, log_remark
from cmdb.ingest.formats import READERS, Format
from cmdb.ingest.mapping import Mapping
from cmdb.model.metamodel import Metamodel
from cmdb.ports.records import LocatedRecord
from cmdb.yaml_text import read_entry

STDIN = "-"


class Coverage(StrEnum):
    """Whether what a load does not name has gone (snapshot of its scope) or was just not looked at."""

    SNAPSHOT = "snapshot"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """What `loader.yaml` says; `scope` tells people what a snapshot is complete for, `fetch` how to get a document."""

    name: str
    title: str
    format: Format
    coverage: Coverage
    scope: str
    fetch: str
    folder: Path


class Loaders:
    """All loader folders; a folder is found by existing."""

    def __init__(self, folder: Path, metamodel: Metamodel) -> None:
        """Look below `folder`; programs see the attribute types of `metamodel`."""
        self._folder = folder
        self._metamodel = metamodel

    def list_loaders(self) -> Sequence[Loader]:
        """Return every loader, sorted by name; DeclarationError names file, field and line."""
        return [_read_loader(path.parent) for path in sorted(self._folder.glob("*/loader.yaml"))]

    def loader(self, name: str) -> Loader:
        """Return one loader; NotFound UNKNOWN_LOADER with the nearest name."""
        names = sorted(path.parent.name for path in self._folder.glob("*/loader.yaml"))
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known loaders: {', '.join(names)}."
            raise NotFound(ErrorCode.UNKNOWN_LOADER, f"There is no loader '{name}'.", hint=hint)
        return _read_loader(self._folder / name)

    def load_file(self, name: str, path: str, remark: Remark = log_remark) -> list[LocatedRecord]:
        """Return the records of a file, or of standard input for `-`; nothing is written."""
        loader = self.loader(name)
        return _load(self._mapping(loader), loader.format, path, remark)

    def load_stream(
        self, name: str, stream: BinaryIO, source: str, remark: Remark = log_remark
    ) -> list[LocatedRecord]:
        """Return the records of a document that is at hand; `source` is how errors call it."""
        loader = self.loader(name)
        return self._mapping(loader).records(READERS[loader.format](stream, source, remark), source)

    def load_with_map(
        self, map_path: str, input_format: Format, path: str, remark: Remark = log_remark
    ) -> list[LocatedRecord]:
        """Return the records that a jq program of the caller's makes of a file."""
        return _load(Mapping(map_path, Path(map_path), self._metamodel), input_format, path, remark)

    def _mapping(self, loader: Loader) -> Mapping:
        return Mapping(loader.name, loader.folder / "map.jq", self._metamodel)


def _load(mapping: Mapping, input_format: Format, path: str, remark: Remark) -> list[LocatedRecord]:
    if path == STDIN:
        return mapping.records(READERS[input_format](sys.stdin.buffer, "stdin", remark), "stdin")
    try:
        with Path(path).open("rb") as stream:
            return mapping.records(READERS[input_format](stream, path, remark), path)
    except OSError as error:
        raise InvalidInput(
            ErrorCode.NOT_FOUND,
            f"The file cannot be read: {error.strerror}.",
            hint="Name a readable file, or '-' for standard input.",
            place=Place(path),
        ) from error


def _read_loader(folder: Path) -> Loader:
    entry = read_entry(folder / "loader.yaml", f"loaders/{folder.name}/loader.yaml")
    entry.allow("title", "format", "coverage", "scope", "fetch")
    return Loader(
        name=folder.name,
        title=entry.text("title"),
        format=entry.choice("format", Format),
        coverage=entry.choice("coverage", Coverage),
        scope=entry.text("scope"),
        fetch=entry.text("fetch"),
        folder=folder,
    )
