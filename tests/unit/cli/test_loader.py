"""`cmdb loader`: what is there, what a loader makes of a file, whether samples hold, and a new folder."""

import json
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing

LINE = CommandLine(nothing)
ROWS = "class,name,ip_addresses\nserver,alpha,192.0.2.1\nserver,beta,\n"


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "loaders"
    assert LINE.run("loader", "new", "my-tool", "--in", str(folder)).code == 0
    return folder


def test_all_loaders_are_listed_with_their_arguments() -> None:
    rows = json.loads(LINE.run("loader", "list", "-o", "json").out)["loaders"]
    (kubernetes,) = [row for row in rows if row["name"] == "kubernetes"]
    assert kubernetes["format"] == "yaml"
    assert [row["name"] for row in kubernetes["arguments"]] == ["cluster", "namespace"]
    assert "kubernetes" in LINE.run("loader", "list").out


@pytest.mark.parametrize("turned", [False, True])
def test_a_file_is_tried_whichever_comes_first(tmp_path: Path, turned: bool) -> None:
    names = [written(tmp_path / "t.csv", ROWS), "csv"]
    ran = LINE.run("loader", "try", *(reversed(names) if turned else names), "-o", "json")
    trial = json.loads(ran.out)["trial"]
    assert (ran.code, trial["counts"]) == (0, {"documents": 2, "item": 2})
    assert trial["records"][0]["attributes"] == {"ip_addresses": ["192.0.2.1"]}
    assert trial["documents"][0]["document"]["name"] == "alpha"


def test_the_source_is_guessed_and_said(tmp_path: Path) -> None:
    manifest = written(tmp_path / "m.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    ran = LINE.run("loader", "try", manifest, "--set", "cluster=blue")
    assert "loader kubernetes, recognised among kubernetes" in ran.out
    assert "blue/namespace/shop" in ran.out


def test_a_file_that_is_not_there_is_told_from_one_that_nobody_recognises(tmp_path: Path) -> None:
    for arguments in (["try", str(tmp_path / "gone.xml")], ["list", "--in", str(tmp_path / "gone")]):
        ran = LINE.run("loader", *arguments)
        assert ran.error is not None
        assert ran.error.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "kind: Service\nkind: Pod\n"), ("a.json", '{"version": 4,'), ("a.xml", "<nmaprun>")],
)
def test_a_broken_file_is_told_from_one_that_nobody_recognises(tmp_path: Path, name: str, text: str) -> None:
    error = LINE.run("loader", "try", written(tmp_path / name, text)).error
    assert error is not None
    assert error.code in (ErrorCode.SYNTAX, ErrorCode.DUPLICATE_KEY)
    assert name in str(error.place)


def test_what_nobody_recognises_is_refused(tmp_path: Path) -> None:
    error = LINE.run("loader", "try", written(tmp_path / "m.json", '{"what": 1}')).error
    assert error is not None
    assert error.code is ErrorCode.UNKNOWN_LOADER


def test_a_failing_record_is_shown_with_its_place_and_the_rest_is_counted(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "class,name,cpu_count\nserver,a,two\nrooter,b,\nserver,c,3\n")
    ran = LINE.run("loader", "try", "csv", table)
    assert ran.code == 1
    assert "FAULT WRONG_TYPE" in ran.out
    assert f"{table}:2" in ran.out.replace("\n", "")
    assert "FAULT UNKNOWN_CLASS" in ran.out
    assert (
        json.loads(LINE.run("loader", "try", "csv", table, "-o", "json").out)["trial"]["counts"]["item"] == 3
    )


def test_references_to_other_inputs_are_no_fault(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "class,name,depends_on\nserver,a,elsewhere\n")
    ran = LINE.run("loader", "try", "csv", table, "-o", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["trial"]["faults"] == []


def test_a_new_loader_works_at_once(home: Path) -> None:
    assert LINE.run("loader", "test", "my-tool", "--in", str(home)).code == 0
    ran = LINE.run(
        "loader",
        "try",
        str(home / "my-tool" / "samples" / "hosts.json"),
        "--in",
        str(home),
        "--set",
        "environment=test",
    )
    assert ran.code == 0
    assert '"environment": "test"' in ran.out


def test_a_sample_that_yields_something_else_is_shown(home: Path) -> None:
    sample = home / "my-tool" / "samples" / "hosts.json"
    sample.write_text(sample.read_text().replace("Beta", "Delta"), encoding="utf-8")
    ran = LINE.run("loader", "test", "my-tool", "--in", str(home))
    assert ran.code == 1
    assert "DIFFERS" in ran.out
    assert "delta" in ran.out
    assert LINE.run("loader", "test", "my-tool", "--accept", "--in", str(home)).code == 0


@pytest.mark.parametrize("name", ["../x", "My Tool", "", "a--b"])
def test_a_loaders_name_is_checked(tmp_path: Path, name: str) -> None:
    error = LINE.run("loader", "new", name, "--in", str(tmp_path)).error
    assert error is not None
    assert error.code is ErrorCode.BAD_ARGUMENT


def test_a_folder_that_exists_is_left_alone(home: Path) -> None:
    error = LINE.run("loader", "new", "my-tool", "--in", str(home)).error
    assert error is not None
    assert error.code is ErrorCode.CONFLICT


@pytest.mark.parametrize("setting", ["cluster", "=x", "colour=red"])
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str) -> None:
    manifest = written(tmp_path / "m.yaml", "kind: Namespace\nmetadata: {name: shop}\n")
    error = LINE.run("loader", "try", manifest, "kubernetes", "--set", setting).error
    assert error is not None
    assert error.code is ErrorCode.BAD_ARGUMENT
