"""Finds what a path means: a file, folder, pattern, standard input, an HTTP address or a graph."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Counted, Document, Faulty, Remark, log_remark
from cmdb.ingest.formats import READERS, SUFFIXES, Format
from cmdb.ingest.http_source import fetch_pages, is_http
from cmdb.ingest.json_reader import read_lines
from cmdb.ports.bolt_source import Access, BoltSource

STDIN = "-"
GRAPHS = ("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the inputs of one load are read.

    With `faulty` a file that cannot be read on is told there, and the next one is read; `progress` hears of bytes read.
    `auth_scheme` stands before the token of an HTTP source; `statements`, by name, are what a graph is asked.
    """

    format: Format
    remark: Remark = log_remark
    access: Access = field(default_factory=Access)
    auth_scheme: str = "Bearer"
    statements: Mapping[str, str] = field(default_factory=dict)
    bolt: BoltSource | None = None
    faulty: Faulty | None = None
    progress: Callable[[int], None] | None = None


def read_inputs(paths: Sequence[str], reading: Reading) -> Iterator[tuple[str, Document]]:
    """Yield every document of the paths, with what errors call its input."""
    for path in paths:
        if path.startswith(GRAPHS):
            yield from _graph_rows(path, reading)
            continue
        for source, stream in open_inputs(path, reading):
            try:
                for document in _documents(stream, source, reading):
                    yield source, document
            except InvalidInput as error:
                if reading.faulty is None:
                    raise
                reading.faulty(error)
            except OSError as error:
                raise _not_found(f"The input cannot be read on: {error.strerror}.", source) from error


def size_of(paths: Sequence[str], input_format: Format) -> int | None:
    """Return how many bytes the files of the paths have; None where an input tells only while it is read."""
    if any(path == STDIN or is_http(path) or path.startswith(GRAPHS) for path in paths):
        return None
    files = (file for path in paths for file in _files(path, input_format, lambda _: None))
    return sum(file.stat().st_size for file in files if file.is_file())


def _documents(stream: Bytes, source: str, reading: Reading) -> Iterator[Document]:
    if reading.progress is not None:
        stream = Counted(stream, reading.progress)
    if reading.format is Format.NDJSON:
        return read_lines(stream, source, reading.faulty)
    return READERS[reading.format](stream, source, reading.remark)


def open_inputs(path: str, reading: Reading) -> Iterator[tuple[str, Bytes]]:
    """Yield what errors call each input, and its bytes; InvalidInput NOT_FOUND names what cannot be read."""
    if path == STDIN:
        yield "stdin", sys.stdin.buffer
        return
    if is_http(path):
        yield from fetch_pages(path, reading.access, reading.auth_scheme, reading.remark)
        return
    for file in _files(path, reading.format, reading.remark):
        try:
            stream = file.open("rb")
        except OSError as error:
            message = f"The file cannot be read: {error.strerror}."
            raise _not_found(message, str(file)) from error
        with stream:
            yield str(file), stream


def _graph_rows(address: str, reading: Reading) -> Iterator[tuple[str, Document]]:
    """Ask a graph the loader's statements; a row comes as `{"statement": name, "row": {...}}`."""
    if reading.bolt is None or not reading.statements:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            "This loader reads no graph.",
            hint="Name a loader whose loader.yaml has 'statements', or a file.",
            place=Place(address),
        )
    for name, statement in reading.statements.items():
        for row in reading.bolt.rows(address, reading.access, statement):
            yield f"{address} {name}", Document({"statement": name, "row": row})


def _files(path: str, input_format: Format, remark: Remark) -> list[Path]:
    named = Path(path)
    if named.is_dir():
        return _in_folder(named, input_format, remark)
    if has_magic(path) and not named.exists():
        found = sorted(Path(name) for name in glob(path, recursive=True) if Path(name).is_file())  # noqa: PTH207 - the pattern may be absolute
        if not found:
            raise _not_found("No file fits this pattern.", path)
        return found
    return [named]


def _in_folder(folder: Path, input_format: Format, remark: Remark) -> list[Path]:
    """Return the files below a folder that the format's endings promise; hidden ones are left out."""
    every = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    endings = SUFFIXES[input_format]
    found = [file for file in every if endings is None or file.suffix.lower() in endings]
    if not found:
        raise _not_found(f"The folder holds no file of the format {input_format}.", str(folder))
    if len(found) < len(every):
        remark(f"{folder}: {len(every) - len(found)} files with other endings were passed over.")
    return found


def _not_found(message: str, path: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.NOT_FOUND,
        message,
        hint="Name a readable file, a folder, a pattern, an address, or '-' for standard input.",
        place=Place(path),
    )
