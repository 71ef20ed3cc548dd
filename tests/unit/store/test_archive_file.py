"""The backup file: what it holds, that every bit of it counts, and that half of one is never left."""

import gzip
import itertools
import json
from pathlib import Path

import pytest

from cmdb.errors import CmdbError, ErrorCode
from cmdb.store.archive_file import FORMAT, Archive, ArchiveWriter, Header
from cmdb.store.cut import Entry

ENTRIES = [Entry("party", {"key": f"p{number}", "name": "ü\n"}) for number in range(20)]
ENTRIES += [Entry("version", {"key": "party|p1|1"}), Entry("dependency", {"key": "d", "verb": "USES"})]


def craft(target: Path, entries: list[Entry]) -> ArchiveWriter:
    with ArchiveWriter(target, Header(FORMAT, 1, 7)) as writer:
        writer.add(entries)
        writer.seal()
    return writer


def test_it_gives_back_what_was_added(tmp_path: Path) -> None:
    written = craft(tmp_path / "b", ENTRIES)
    read = Archive(tmp_path / "b")
    assert list(read.entries()) == ENTRIES
    assert (read.header, read.seal.records, read.seal.versions) == (Header(FORMAT, 1, 7), 21, 1)
    assert (read.verbs, read.size) == ({"USES"}, written.size)


def test_it_gives_back_some_kinds_alone(tmp_path: Path) -> None:
    tricky = Entry("item", {"key": '"kind":"party"}', "name": '{"kind":"dependency"}'})
    craft(tmp_path / "b", [*ENTRIES, tricky])
    read = Archive(tmp_path / "b")
    kinds = {"party", "dependency"}
    assert list(read.entries(kinds)) == [entry for entry in ENTRIES if entry.kind in kinds]
    assert list(read.entries({"item"})) == [tricky]
    assert list(read.entries(set())) == []


def test_the_same_entries_make_the_same_bytes(tmp_path: Path) -> None:
    craft(tmp_path / "one", ENTRIES)
    craft(tmp_path / "two", ENTRIES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_any_gzip_shows_it_as_lines_of_json(tmp_path: Path) -> None:
    craft(tmp_path / "b", ENTRIES)
    lines = [json.loads(line) for line in gzip.decompress((tmp_path / "b").read_bytes()).splitlines()]
    assert lines[0] == {"format": FORMAT, "schema": 1, "revision": 7}
    assert lines[1] == {"kind": "party", "held": {"key": "p0", "name": "ü\n"}}
    assert lines[-1].keys() == {"records", "versions", "content", "sha256", "beside", "books"}


def test_every_single_bit_counts(tmp_path: Path) -> None:
    craft(tmp_path / "b", ENTRIES)
    sound = (tmp_path / "b").read_bytes()
    for place, bit in itertools.product(range(len(sound)), range(8)):
        altered = bytearray(sound)
        altered[place] ^= 1 << bit
        assert refusal(tmp_path / "bad", bytes(altered)) is ErrorCode.BACKUP_DAMAGED


def test_every_length_counts(tmp_path: Path) -> None:
    craft(tmp_path / "b", ENTRIES)
    sound = (tmp_path / "b").read_bytes()
    for length in range(len(sound)):
        assert refusal(tmp_path / "bad", sound[:length]) is ErrorCode.BACKUP_DAMAGED


def refusal(path: Path, text: bytes) -> ErrorCode:
    path.write_bytes(text)
    with pytest.raises(CmdbError) as caught:
        Archive(path)
    return caught.value.code


def test_a_file_without_seal_never_takes_its_place(tmp_path: Path) -> None:
    craft(tmp_path / "b", ENTRIES)
    before = (tmp_path / "b").read_bytes()
    with pytest.raises(TypeError):
        craft(tmp_path / "b", [*ENTRIES, Entry("party", {"key": object()})])
    assert (tmp_path / "b").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
