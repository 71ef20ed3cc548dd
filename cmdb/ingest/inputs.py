"""Finds what a path means: one file, a folder, a pattern, or standard input."""

import sys
from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark
from cmdb.ingest.formats import READERS, SUFFIXES, Format

STDIN = "-"


def read_inputs(paths: Sequence[str], input_format: Format, remark: Remark) -> Iterator[tuple[str, Document]]:
    """Yield every document of the paths, with what errors call its input."""
    for path in paths:
        for source, stream in open_inputs(path, input_format, remark):
            for document in READERS[input_format](stream, source, remark):
                yield source, document


def open_inputs(path: str, input_format: Format, remark: Remark) -> Iterator[tuple[str, Bytes]]:
    """Yield what errors call each input, and its bytes; InvalidInput NOT_FOUND names what cannot be read."""
    if path == STDIN:
        yield "stdin", sys.stdin.buffer
        return
    for file in _files(path, input_format, remark):
        try:
            stream = file.open("rb")
        except OSError as error:
            message = f"The file cannot be read: {error.strerror}."
            raise _not_found(message, str(file)) from error
        with stream:
            yield str(file), stream


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
    found = [file for file in every if file.suffix.lower() in SUFFIXES[input_format]]
    if not found:
        raise _not_found(f"The folder holds no file of the format {input_format}.", str(folder))
    if len(found) < len(every):
        remark(f"{folder}: {len(every) - len(found)} files with other endings were passed over.")
    return found


def _not_found(message: str, path: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.NOT_FOUND,
        message,
        hint="Name a readable file, a folder, a pattern, or '-' for standard input.",
        place=Place(path),
    )
