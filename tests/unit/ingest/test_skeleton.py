"""A new loader folder works as it stands, and no name leads out of its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import Conflict, ErrorCode, InvalidInput
from cmdb.ingest.loaders import Loaders
from cmdb.ingest.samples import accept, answers, expected
from cmdb.ingest.skeleton import write_skeleton
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))


def files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_it_holds_all_that_a_loader_needs_but_the_answers_to_review(tmp_path: Path) -> None:
    made = write_skeleton(tmp_path, "my-tool2")
    assert made == tmp_path / "my-tool2"
    assert files(made) == ["README.md", "loader.yaml", "map.jq", "samples/faulty.json", "samples/hosts.json"]
    assert (made / "README.md").read_text(encoding="utf-8").startswith("# my-tool2\n")


def test_its_samples_yield_what_its_readme_says(tmp_path: Path) -> None:
    write_skeleton(tmp_path, "tool")
    loaders = Loaders(tmp_path, METAMODEL)
    loader = loaders.loader("tool")
    found = answers(loaders, loader)
    records = found["hosts.json"]["records"]
    assert isinstance(records, list)
    assert [(row["kind"], row.get("key")) for row in records] == [
        ("item", "host:alpha"),
        ("item", "host:beta"),
        ("dependency", None),
    ]
    accept(loaders, loader)
    assert expected(loader) == found


@given(st.text("ab0-_./A ~\n\0é", max_size=6))
def test_only_plain_names_are_taken(name: str) -> None:
    plain = all(part.isalnum() and part.isascii() and part == part.lower() for part in name.split("-"))
    if plain and not name[:1].isdigit():
        return
    with pytest.raises(InvalidInput) as caught:
        write_skeleton(Path("nowhere"), name)
    assert (caught.value.code, str(caught.value.place)) == (
        ErrorCode.BAD_ARGUMENT,
        "command line, field NAME",
    )
    assert "my-tool" in caught.value.hint
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("name", ["a", "a1", "tool-2", "a-b-c"])
def test_names_of_words_digits_and_single_hyphens_are_taken(tmp_path: Path, name: str) -> None:
    assert write_skeleton(tmp_path / "deep" / "er", name).is_dir()


def test_what_stands_there_is_left_as_it_is(tmp_path: Path) -> None:
    kept = write_skeleton(tmp_path, "tool") / "map.jq"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict) as caught:
        write_skeleton(tmp_path, "tool")
    assert caught.value.code is ErrorCode.CONFLICT
    assert kept.read_text(encoding="utf-8") == "mine"
