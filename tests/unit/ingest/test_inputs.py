"""What a path means: a file, a folder, a pattern, or nothing."""

from pathlib import Path

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.formats import SUFFIXES, Format
from cmdb.ingest.inputs import Reading, read_inputs, size_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("b.json", "a.json", "deep/c.json", "note.md", ".hidden/d.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'"{name}"', encoding="utf-8")
    return tmp_path


def values(path: str, said: list[str] | None = None) -> list[object]:
    heard = [] if said is None else said
    return [
        document.value
        for _, document in read_inputs([path], Reading(format=Format.JSON, remark=heard.append))
    ]


def test_a_folder_gives_its_files_of_the_format_and_counts_the_others(home: Path) -> None:
    said: list[str] = []
    assert values(str(home), said) == ["a.json", "b.json", "deep/c.json"]
    assert "1 files with other endings" in said[0]


def test_a_pattern_gives_what_fits_it(home: Path) -> None:
    assert values(f"{home}/*.json") == ["a.json", "b.json"]
    assert values(f"{home}/**/c.json") == ["deep/c.json"]


def test_a_file_is_read_whatever_its_ending_and_whatever_its_name(home: Path) -> None:
    odd = home / "what[1].is"
    odd.write_text("1", encoding="utf-8")
    assert values(str(odd)) == [1]


def test_several_paths_are_one_load(home: Path) -> None:
    reading = Reading(format=Format.JSON)
    found = read_inputs([str(home / "b.json"), str(home / "a.json")], reading)
    assert [document.value for _, document in found] == ["b.json", "a.json"]


@pytest.mark.parametrize("path", ["nothing.json", "*.nothing", "empty"])
def test_what_is_not_there_is_named(home: Path, path: str) -> None:
    (home / "empty").mkdir()
    with pytest.raises(InvalidInput) as caught:
        values(str(home / path))
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert path in str(caught.value.place)


def test_every_format_knows_its_endings() -> None:
    assert set(SUFFIXES) == set(Format)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="NOT CHECKED: no file here that breaks off")
def test_a_file_that_breaks_off_is_no_shorter_file() -> None:
    told: list[InvalidInput] = []
    with pytest.raises(InvalidInput) as caught:
        list(read_inputs(["/proc/self/mem"], Reading(format=Format.NDJSON, faulty=told.append)))
    assert (caught.value.code, told) == (ErrorCode.NOT_FOUND, []), "nor one to be passed over"


def test_bytes_are_counted_and_their_sum_is_known_before_where_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}\n{"b": 2}', encoding="utf-8")
    (tmp_path / "b.ndjson").write_text('{"a": 1}\n', encoding="utf-8")
    heard: list[int] = []
    for input_format in (Format.JSON, Format.NDJSON):
        list(read_inputs([str(tmp_path)], Reading(format=input_format, progress=heard.append)))
    assert sum(heard) == 2 * 26
    assert size_of([str(tmp_path)], Format.JSON) == 26
    assert size_of([str(tmp_path), "-"], Format.JSON) is None
    assert size_of(["http://127.0.0.1/x"], Format.JSON) is None
