"""`cmdb backup` and `cmdb restore` where there is no store: nothing is written, and it is said why."""

from pathlib import Path

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing

LINE = CommandLine(nothing)


@pytest.mark.parametrize("command", ["backup", "restore"])
@pytest.mark.parametrize(
    ("address", "code"),
    [("nonsense", ErrorCode.STORE_URI), ("bolt://127.0.0.1:1", ErrorCode.STORE_UNREACHABLE)],
)
def test_a_store_that_is_not_there_is_told_and_no_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, address: str, code: ErrorCode
) -> None:
    monkeypatch.setenv("CMDB_STORE_URI", address)
    file = tmp_path / "backup"
    ran = LINE.run(command, str(file))
    assert ran.error is not None
    assert ran.error.code is code
    assert ran.error.hint
    assert (ran.out, list(tmp_path.iterdir())) == ("", [])


def test_a_file_must_be_named() -> None:
    for command in ("backup", "restore"):
        ran = LINE.run(command)
        assert (ran.code, "FILE" in ran.err) == (2, True)
