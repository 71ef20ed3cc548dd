"""The loader folders: what each declares, and loading inputs with one of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from cmdb import resources
from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place
from cmdb.ingest.completeness import Completeness
from cmdb.ingest.document import Bytes, Faulty, Remark, log_remark
from cmdb.ingest.formats import READERS, Format
from cmdb.ingest.inputs import STDIN, Reading, read_inputs
from cmdb.ingest.mapping import Mapping, Program, SourcedDocument
from cmdb.model.metamodel import Metamodel
from cmdb.ports.bolt_source import Access, BoltSource
from cmdb.ports.records import LocatedRecord
from cmdb.yaml_text import Entry, read_entry

__all__ = ["STDIN", "Argument", "Coverage", "Loader", "Loaders"]

PRELUDE = "prelude.jq"
"""Definitions that every program may use; it stands beside the loader folders."""


class Coverage(StrEnum):
    """Whether what a load does not name has gone (snapshot of its scope) or was just not looked at.

    `told`: the program tells by what the documents hold.
    """

    SNAPSHOT = "snapshot"
    PARTIAL = "partial"
    TOLD = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """Something that the person who loads may set, as text."""

    name: str
    default: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """What `loader.yaml` says; `scope` tells people what a snapshot is complete for, `fetch` how to get a document.

    `recognise` is a jq expression that is true for the documents of this source. `together`: its documents refer to
    one another, so its program gets a list of all. `named`: its files are named by what they are about, so its program
    gets each document as `{"file", "content"}`. `auth_scheme` stands before the token in the header of an HTTP
    request. `statements` are read-only Cypher by name, for a source that is a graph.
    """

    name: str
    title: str
    format: Format
    coverage: Coverage
    scope: str
    fetch: str
    folder: Path
    recognise: str | None = None
    auth_scheme: str = "Bearer"
    statements: AbstractMapping[str, str] = field(default_factory=dict)
    together: bool = False
    named: bool = False
    arguments: tuple[Argument, ...] = ()

    def reading(self, asked: "Asked") -> Reading:
        """Return how inputs are read for this loader."""
        return Reading(
            format=self.format,
            remark=asked.remark,
            access=asked.access,
            auth_scheme=self.auth_scheme,
            statements=self.statements,
            bolt=asked.bolt,
            faulty=asked.faulty,
            progress=asked.progress,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person who loads sets: arguments of the loader, who hears remarks, how to get into a source.

    With `faulty` what cannot be read or mapped is told there and left out; without it, it refuses the load.
    `progress` hears of bytes read, `completeness` of how much of their scope the documents are.
    """

    arguments: AbstractMapping[str, str] = field(default_factory=dict)
    remark: Remark = log_remark
    access: Access = field(default_factory=Access)
    bolt: BoltSource | None = None
    faulty: Faulty | None = None
    progress: Callable[[int], None] | None = None
    completeness: Completeness = field(default_factory=Completeness)


class Loaders:
    """All loader folders; a folder is found by existing."""

    def __init__(self, folder: Path, metamodel: Metamodel) -> None:
        """Look below `folder`; programs see the attribute types of `metamodel`."""
        self._folder = folder
        self._metamodel = metamodel

    def names(self) -> list[str]:
        """Return the names of all loaders, sorted."""
        return sorted(path.parent.name for path in self._folder.glob("*/loader.yaml"))

    def list_loaders(self) -> Sequence[Loader]:
        """Return every loader, sorted by name; DeclarationError names file, field and line."""
        return [_read_loader(self._folder / name) for name in self.names()]

    def loader(self, name: str) -> Loader:
        """Return one loader; NotFound UNKNOWN_LOADER with the nearest name."""
        names = self.names()
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known loaders: {', '.join(names)}."
            raise NotFound(ErrorCode.UNKNOWN_LOADER, f"There is no loader '{name}'.", hint=hint)
        return _read_loader(self._folder / name)

    def records(self, name: str, paths: Sequence[str], asked: Asked | None = None) -> Iterator[LocatedRecord]:
        """Yield the records of one load: files, folders, patterns, or standard input for `-`, in bounded memory.

        Without `asked.faulty` a fault is raised after sound records were yielded: they count only once all is read.
        """
        asked = asked or Asked()
        loader = self.loader(name)
        mapping = self.mapping(loader, asked.arguments, asked.completeness)
        records = mapping.records(read_documents(loader, paths, asked), asked.remark, asked.faulty)
        return _with_coverage(records, loader, asked.completeness, asked.remark)

    def load_file(self, name: str, path: str, remark: Remark = log_remark) -> list[LocatedRecord]:
        """Return the records of `path` as `records` yields them; nothing is written."""
        return list(self.records(name, [path], Asked(remark=remark)))

    def load_stream(
        self,
        name: str,
        stream: Bytes,
        source: str,
        remark: Remark = log_remark,
        received_at: datetime | None = None,
    ) -> list[LocatedRecord]:
        """Return the records of a document that is at hand; `source` is how errors call it."""
        loader = self.loader(name)
        documents = (
            (source, replace(document, received_at=received_at))
            for document in READERS[loader.format](stream, source, remark)
        )
        told = Completeness()
        records = self.mapping(loader, completeness=told).records(_with_advice(documents, loader), remark)
        return list(_with_coverage(records, loader, told, remark))

    def load_with_map(
        self, map_path: str, input_format: Format, path: str, asked: Asked | None = None
    ) -> list[LocatedRecord]:
        """Return the records that a jq program of the caller's makes of an input."""
        asked = asked or Asked()
        program = Program(name=map_path, path=Path(map_path), prelude=_prelude())
        reading = Reading(
            format=input_format, remark=asked.remark, faulty=asked.faulty, progress=asked.progress
        )
        documents = read_inputs([path], reading)
        mapping = Mapping(program, self._metamodel, asked.completeness)
        return list(mapping.records(documents, asked.remark, asked.faulty))

    def mapping(
        self,
        loader: Loader,
        arguments: AbstractMapping[str, str] | None = None,
        completeness: Completeness | None = None,
    ) -> Mapping:
        """Return a loader's compiled program; InvalidInput BAD_ARGUMENT for an argument that it does not have."""
        program = Program(
            name=loader.name,
            path=loader.folder / "map.jq",
            prelude=_prelude(),
            arguments=_arguments(loader, arguments or {}),
            together=loader.together,
            named=loader.named,
        )
        return Mapping(program, self._metamodel, completeness)


def _with_coverage(
    records: Iterable[LocatedRecord], loader: Loader, completeness: Completeness, remark: Remark
) -> Iterator[LocatedRecord]:
    yield from records
    if loader.coverage is Coverage.TOLD:
        remark(completeness.sentence())


def read_documents(loader: Loader, paths: Sequence[str], asked: Asked) -> Iterator[SourcedDocument]:
    """Yield every document of the paths; what is not of the loader's format is refused with how to get what is."""
    return _with_advice(read_inputs(paths, loader.reading(asked)), loader)


def _with_advice(documents: Iterable[SourcedDocument], loader: Loader) -> Iterator[SourcedDocument]:
    try:
        yield from documents
    except InvalidInput as error:
        if error.code is not ErrorCode.SYNTAX:
            raise
        hint = f"{error.hint} The loader '{loader.name}' reads: {loader.fetch}"
        raise InvalidInput(error.code, error.message, hint=hint, place=error.place) from error


def _prelude() -> str:
    return (resources.folder("loaders") / PRELUDE).read_text(encoding="utf-8")


def _arguments(loader: Loader, given: AbstractMapping[str, str]) -> dict[str, str]:
    known = {argument.name: argument.default for argument in loader.arguments}
    for name in given:
        if name not in known:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"The loader '{loader.name}' has no argument '{name}'.",
                hint=f"It has: {', '.join(known)}." if known else "It has none.",
                place=Place("arguments", field=name),
            )
    return known | dict(given)


def _read_loader(folder: Path) -> Loader:
    entry = read_entry(folder / "loader.yaml", f"loaders/{folder.name}/loader.yaml")
    entry.allow(
        "title",
        "format",
        "coverage",
        "scope",
        "fetch",
        "recognise",
        "together",
        "named",
        "auth_scheme",
        "statements",
        "arguments",
    )
    return Loader(
        name=folder.name,
        title=entry.text("title"),
        format=entry.choice("format", Format),
        coverage=entry.choice("coverage", Coverage),
        scope=entry.text("scope"),
        fetch=entry.text("fetch"),
        folder=folder,
        recognise=entry.text("recognise", "") or None,
        together=entry.flag("together"),
        named=entry.flag("named"),
        auth_scheme=entry.text("auth_scheme", "Bearer"),
        statements={row.name: _read_statement(row) for row in entry.entries("statements")},
        arguments=tuple(_read_argument(argument) for argument in entry.entries("arguments")),
    )


def _read_statement(entry: Entry) -> str:
    entry.allow("cypher")
    return entry.text("cypher")


def _read_argument(entry: Entry) -> Argument:
    entry.allow("default", "description")
    return Argument(name=entry.name, default=entry.text("default", ""), description=entry.text("description"))
