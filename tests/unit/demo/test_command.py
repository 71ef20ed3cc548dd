"""`cmdb demo` refuses what cannot be played, or told, before it starts anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmdb.cli.app import build_cli
from cmdb.demo.command import demo
from cmdb.errors import CmdbError, DeclarationError, ErrorCode
from tests.support.vpn_outage import copy_seed


def refusal(seed: Path) -> CmdbError:
    cli = build_cli()
    cli.command("demo")(demo)
    ran = CliRunner().invoke(cli, ["demo", "--seed", str(seed)])
    assert ran.stdout == ""
    assert isinstance(ran.exception, CmdbError), ran.exception
    return ran.exception


def test_a_folder_that_holds_no_seed_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nothing")
    assert isinstance(error, DeclarationError)
    assert "nothing/seed.yaml" in str(error.place)
    assert error.hint


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("story:", "tale:", "field tale"),
        ("epoch: ", "epoch: about ", "field epoch"),
        ("estate.jsonl", "estates.jsonl", "estates.jsonl"),
    ],
)
def test_a_fault_of_a_seed_is_named_with_its_line(tmp_path: Path, old: str, new: str, place: str) -> None:
    seed = copy_seed(tmp_path)
    declared = seed / "seed.yaml"
    text = declared.read_text(encoding="utf-8")
    assert old in text
    declared.write_text(text.replace(old, new), encoding="utf-8")
    error = refusal(seed)
    assert isinstance(error, DeclarationError)
    assert "seed.yaml:" in str(error.place)
    assert place in str(error)
    assert error.hint


def test_a_transcript_that_cannot_be_written_is_refused_before_the_story(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CmdbError) as caught:
        demo(transcript=tmp_path / "gone" / "t.json")
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert capsys.readouterr().out == ""
