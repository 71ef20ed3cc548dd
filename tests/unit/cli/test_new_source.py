"""The how-to for a source of one's own works as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.small_estate import Bench, furnished, item

TEXT = (Path(__file__).parents[3] / "docs" / "new-source.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)(?: (\S+))?\n(.*?)```", TEXT, re.DOTALL)


def test_its_commands_bring_the_event_to_its_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _, name, content in BLOCKS:
        if name:
            Path(name).write_text(content, encoding="utf-8")
    held: list[Bench] = []

    async def make() -> Bench:
        # Commands of one reader meet one service.
        held.append(held[0] if held else await furnished(item("edge-1", "router")))
        return held[0]

    (commands,) = (content for language, _, content in BLOCKS if language == "sh")
    outs = []
    for command in commands.splitlines():
        ran = CommandLine(make).run(*shlex.split(command)[1:])
        assert (ran.code, ran.error) == (0, None), command
        outs.append(" ".join(ran.out.split()))
    assert "checked, nothing written" in outs[0]
    assert "events 1 sent" in outs[1]
    assert "edge-1 critical open fan: Fan 2 stands still" in outs[2]
    assert outs[3] == "nothing"


def test_its_program_has_ten_lines() -> None:
    (program,) = (content for language, _, content in BLOCKS if language == "jq")
    assert len(program.splitlines()) <= 10
