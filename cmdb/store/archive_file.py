"""The backup file: gzip of JSON lines, closed by a seal over every byte before it.

First line: format, schema version and revision. Then one line per entry. Last line, in a gzip member of its own and
uncompressed: counts, the content hash, and the SHA-256 of the first member's bytes. `zcat` shows it all.
"""

import hashlib
import json
import os
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedWriter
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.model.kinds import RecordKind
from cmdb.store.bookkeeping import BOOKS
from cmdb.store.canonical import ContentHash, write_entry
from cmdb.store.cut import VERSION, Entry

FORMAT = 2
"""The second holds what is kept beside the records too."""

_CHUNK = 1 << 16
_GZIP = 31
"""What zlib calls the gzip container with the largest window."""

_STORED = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1])
"""A gzip header without name and time, then a last block that is not compressed."""
_LONGEST_SEAL = 0xFFFF
_SEAL_FRAME = len(_STORED) + 4 + 8


@dataclass(frozen=True, slots=True)
class Header:
    """What the entries are: how written, for which schema, as of which revision."""

    format: int
    schema: int
    revision: int


@dataclass(frozen=True, slots=True)
class Seal:
    """What the entries add up to, and the hash of the bytes that hold them; `beside` counts what is no record."""

    records: int
    versions: int
    content: str
    sha256: str
    beside: int = 0
    books: str = ContentHash().hexdigest()

    @classmethod
    def over(cls, tally: "Tally", sha256: str) -> Self:
        """Return the seal of what was counted."""
        return cls(
            tally.counts["record"],
            tally.counts[VERSION],
            tally.content.hexdigest(),
            sha256,
            tally.counts["beside"],
            tally.books.hexdigest(),
        )


class Tally:
    """Counts and hashes entries: records and their past, and apart from them what is kept beside."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.counts = Counter[str]()
        self.content, self.books = ContentHash(), ContentHash()

    def add(self, entry: Entry, line: bytes) -> None:
        """Count one entry in."""
        is_beside = entry.kind in BOOKS
        (self.books if is_beside else self.content).add(line)
        self.counts["beside" if is_beside else VERSION if entry.kind == VERSION else "record"] += 1


class ArchiveWriter:
    """Writes a backup beside its target and moves it there once it is complete and on disk."""

    def __init__(self, target: Path, header: Header) -> None:
        """Nothing is opened before `with`."""
        self._target = target
        self._draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        self._header = header
        self._packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        self._bytes = hashlib.sha256()
        self._tally = Tally()
        self.size = 0

    def __enter__(self) -> Self:
        """Open the draft for its owner only: a backup holds everything."""
        with _told(self._target):
            number = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file: BufferedWriter = os.fdopen(number, "wb")
            self._line(json.dumps(asdict(self._header)).encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave no draft behind; one that was sealed has moved to its target."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    @property
    def count(self) -> int:
        """How many entries were added."""
        return self._tally.counts.total()

    def add(self, entries: Sequence[Entry]) -> None:
        """Append entries."""
        with _told(self._target):
            for entry in entries:
                line = write_entry(entry)
                self._tally.add(entry, line)
                self._line(line)

    def seal(self) -> Seal:
        """Close the file and let it take its target's place."""
        with _told(self._target):
            self._write(self._packer.flush())
            seal = Seal.over(self._tally, self._bytes.hexdigest())
            self._file.write(_stored(json.dumps(asdict(seal)).encode() + b"\n"))
            self._file.flush()
            self.size = self._file.tell()
            os.fsync(self._file.fileno())
            self._draft.replace(self._target)
        return seal

    def _line(self, line: bytes) -> None:
        self._write(self._packer.compress(line + b"\n"))

    def _write(self, packed: bytes) -> None:
        self._bytes.update(packed)
        self._file.write(packed)


class Archive:
    """A backup file that was found to be exactly as it was written."""

    def __init__(self, source: Path) -> None:
        """Read the whole file once; raise InvalidInput when a byte is missing, too many or different."""
        self.source = source
        self.verbs: set[str] = set()
        with _told(source):
            self.size = source.stat().st_size
            self.seal, self._end = self._sealed()
            if self._sha256() != self.seal.sha256:
                raise _damaged(source, "its bytes do not fit its seal")
            try:
                self.header = self._read_header()
                self._count()
            except (ValueError, TypeError, LookupError, zlib.error) as error:
                raise _damaged(source, "its entries cannot be read") from error

    def entries(self, kinds: Collection[str] | None = None) -> Iterator[Entry]:
        """Return the entries of these kinds, or all, in the order of the file."""
        lines = self._lines()
        if kinds is not None:
            # Canonical JSON ends with the kind: most lines need not be read to be left out.
            ends = tuple(f'"kind":"{kind}"}}'.encode() for kind in kinds)
            lines = (line for line in lines if line.endswith(ends))
        return map(_entry, lines)

    def _sealed(self) -> tuple[Seal, int]:
        """Return the seal and where it begins; the last four bytes of a gzip member tell its length."""
        with self.source.open("rb") as file:
            file.seek(max(0, self.size - 4))
            length = int.from_bytes(file.read(4), "little")
            begin = self.size - length - _SEAL_FRAME
            if begin < 0 or length > _LONGEST_SEAL:
                raise _damaged(self.source, "its end is missing")
            file.seek(begin)
            text = file.read()
        line = text[len(_STORED) + 4 : -8]
        if _stored(line) != text:
            raise _damaged(self.source, "its end is missing")
        try:
            return Seal(**json.loads(line)), begin
        except (ValueError, TypeError) as error:
            raise _damaged(self.source, "its seal cannot be read") from error

    def _sha256(self) -> str:
        found = hashlib.sha256()
        for chunk in self._chunks():
            found.update(chunk)
        return found.hexdigest()

    def _read_header(self) -> Header:
        told = json.loads(next(self._all_lines(), b"{}"))
        if told.get("format", 0) > FORMAT:
            raise InvalidInput(
                ErrorCode.BACKUP_TOO_NEW,
                f"The backup has format {told['format']}, this program reads up to {FORMAT}.",
                hint="Install the program version that wrote it, or a later one.",
                place=Place(str(self.source)),
            )
        return Header(**told)

    def _count(self) -> None:
        tally = Tally()
        for line in self._lines():
            entry = _entry(line)
            tally.add(entry, line)
            if entry.kind == RecordKind.DEPENDENCY:
                self.verbs.add(str(entry.held["verb"]))
        if Seal.over(tally, self.seal.sha256) != self.seal:
            raise _damaged(self.source, "its entries do not fit its seal")

    def _lines(self) -> Iterator[bytes]:
        return islice(self._all_lines(), 1, None)

    def _all_lines(self) -> Iterator[bytes]:
        unpacker, rest = zlib.decompressobj(_GZIP), b""
        for chunk in self._chunks():
            *lines, rest = (rest + unpacker.decompress(chunk)).split(b"\n")
            yield from lines

    def _chunks(self) -> Iterator[bytes]:
        """Yield the bytes before the seal."""
        left = self._end
        with self.source.open("rb") as file:
            while chunk := file.read(min(_CHUNK, left)):
                left -= len(chunk)
                yield chunk


def _entry(line: bytes) -> Entry:
    return Entry(**json.loads(line.decode()))  # of bytes, json would guess the encoding first


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what the file system refuses as an error of ours."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"The backup file cannot be used: {error.strerror}.",
            hint="Name a file that this program may write or read, on a disk with room for it.",
            place=Place(str(path)),
        ) from error


def _stored(line: bytes) -> bytes:
    """Return a gzip member whose every byte follows from its content, so that none can change unseen."""
    length = len(line).to_bytes(2, "little")
    inverse = bytes(255 - byte for byte in length)
    checks = zlib.crc32(line).to_bytes(4, "little") + len(line).to_bytes(4, "little")
    return _STORED + length + inverse + line + checks


def _damaged(source: Path, what: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.BACKUP_DAMAGED,
        f"The file is not a backup as this program wrote it: {what}.",
        hint="Fetch the file again, or take another backup; nothing was written.",
        place=Place(str(source)),
    )
