"""What the samples of a loader folder yield, kept for people to review."""

import json
from pathlib import Path

import pytest

from cmdb.errors import DeclarationError
from cmdb.ingest.loaders import Loader, Loaders
from cmdb.ingest.samples import RECEIVED_AT, accept, answer, answers, expected, samples_of
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

DECLARED = "title: T\nformat: json\ncoverage: partial\nscope: All.\nfetch: curl.\n"
PROGRAM = """\
(.names[] | {kind: "item", key: ., class: "server", name: "Täter"}),
(.said[]? | remark(.)),
(.down[]? | {kind: "event", item: ., condition: "c", severity: "major", at: received})
"""
METAMODEL = read_metamodel(folder("schema"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "mine" / "samples").mkdir(parents=True)
    (tmp_path / "mine" / "loader.yaml").write_text(DECLARED, encoding="utf-8")
    (tmp_path / "mine" / "map.jq").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


@pytest.fixture
def loaders(home: Path) -> Loaders:
    return Loaders(home, METAMODEL)


@pytest.fixture
def loader(loaders: Loaders) -> Loader:
    return loaders.loader("mine")


def put(loader: Loader, name: str, text: str) -> Path:
    path = loader.folder / "samples" / name
    path.write_text(text, encoding="utf-8")
    return path


def test_samples_are_files_by_name(loader: Loader) -> None:
    assert samples_of(loader) == []
    for name in ("b.json", "a.json"):
        put(loader, name, "{}")
    (loader.folder / "samples" / "folder").mkdir()
    assert [path.name for path in samples_of(loader)] == ["a.json", "b.json"]


def test_an_answer_is_records_and_remarks_or_a_refusal_with_its_place(
    loaders: Loaders, loader: Loader
) -> None:
    sound = put(loader, "a.json", '{"names": ["x"]}')
    assert answer(loaders, "mine", sound) == {
        "records": [{"kind": "item", "key": "x", "class": "server", "name": "Täter"}]
    }
    assert answer(loaders, "mine", put(loader, "b.json", '{"names": [], "said": ["Oh."]}'))["remarks"]
    assert answer(loaders, "mine", put(loader, "c.json", "{")) == {"error": "SYNTAX", "place": "c.json"}
    faulty = answer(loaders, "mine", put(loader, "d.json", '{"names": [7]}'))
    assert faulty["error"] == "WRONG_TYPE"
    assert str(faulty["place"]).startswith("d.json:1")


def test_samples_came_in_at_the_same_time_on_every_day(loaders: Loaders, loader: Loader) -> None:
    sample = put(loader, "a.json", '{"names": [], "down": ["x"]}')
    (event,) = answer(loaders, "mine", sample)["records"]  # type: ignore[misc]
    assert str(event["at"]).startswith(RECEIVED_AT.isoformat()[:19])  # type: ignore[has-type]


def test_what_is_accepted_is_expected_and_a_record_stands_on_a_line(loaders: Loaders, loader: Loader) -> None:
    put(loader, "a.json", '{"names": ["x", "y"], "said": ["Oh.", "Äh."]}')
    put(loader, "b.json", "{")
    put(loader, "c.json", '{"names": []}')
    accept(loaders, loader)
    assert expected(loader) == answers(loaders, loader)
    text = (loader.folder / "expected.json").read_text(encoding="utf-8")
    told = [line for line in text.splitlines() if '"kind"' in line]
    assert [json.loads(line.rstrip(",]}") + "}")["key"] for line in told] == ["x", "y"]
    assert "Täter" in text
    accept(loaders, loader)
    assert (loader.folder / "expected.json").read_text(encoding="utf-8") == text


def test_no_samples_are_accepted_as_none(loaders: Loaders, loader: Loader) -> None:
    accept(loaders, loader)
    assert expected(loader) == {}


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_answers_that_cannot_be_read_say_how_to_write_them(loader: Loader, content: bytes | None) -> None:
    if content is not None:
        (loader.folder / "expected.json").write_bytes(content)
    with pytest.raises(DeclarationError) as caught:
        expected(loader)
    assert str(caught.value.place) == "loaders/mine/expected.json"
    assert "--accept" in caught.value.hint
