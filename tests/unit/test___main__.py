"""The entry point: every command with the demo on top, and coded errors."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.__main__ import main


@pytest.fixture(autouse=True)
def arguments() -> Iterator[None]:
    """The process's arguments, restored afterwards."""
    kept = sys.argv[1:]
    yield
    sys.argv[1:] = kept


def left_with(*arguments: str) -> int | str | None:
    sys.argv[1:] = arguments
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


def test_the_demo_is_offered_beside_the_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with("--help") == 0
    told = capsys.readouterr().out
    for command in ("demo", "serve", "load", "doctor", "inbox"):
        assert command in told
    assert left_with("demo", "--help") == 0
    assert "--transcript" in capsys.readouterr().out


def test_an_error_leaves_with_one_and_two_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert left_with("demo", "--seed", str(tmp_path)) == 1
    told = capsys.readouterr()
    code, hint = told.err.splitlines()
    assert (told.out, code.split(" ")[0], hint.split(" ")[0]) == ("", "DECLARATION", "hint:")
