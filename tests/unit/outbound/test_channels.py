"""The file that names the channels."""

from pathlib import Path

import pytest

from cmdb.errors import DeclarationError
from cmdb.outbound.channels import open_channels, read_channels
from tests.support.moments import StandingClock

GOOD = """
channels:
  hook:
    kind: webhook
    url: https://hooks.example.org/cmdb
    secret_files: [KEY]
  snow:
    kind: servicenow
    url: https://example.org
    user: robot
    secret_file: WORD
  jira:
    kind: jira
    url: http://127.0.0.1:9
    user: robot
    secret_file: WORD
    project: OPS
    issue_type: Incident
"""


async def names(tmp_path: Path, text: str) -> list[tuple[str, bool]]:
    (tmp_path / "key").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    (tmp_path / "word").write_text("opens nothing\n")
    path = tmp_path / "channels.yaml"
    path.write_text(text.replace("KEY", str(tmp_path / "key")).replace("WORD", str(tmp_path / "word")))
    async with open_channels(read_channels(path), StandingClock()) as channels:
        return [(channel.name, channel.latest_only) for channel in channels]


async def test_each_kind_is_opened(tmp_path: Path) -> None:
    assert await names(tmp_path, GOOD) == [("hook", False), ("snow", True), ("jira", True)]
    assert read_channels(None) == []


@pytest.mark.parametrize(
    ("found", "wrong", "field"),
    [
        ("kind: webhook", "kind: pigeon", "kind"),
        ("https://hooks.example.org/cmdb", "http://hooks.example.org/cmdb", "url"),
        ("[KEY]", "[]", "secret_files"),
        ("[KEY]", "[WORD]", "secret_files"),
        ("secret_file: WORD", "secret_file: /nowhere/to/be/found", "secret_file"),
        ("project: OPS", "projekt: OPS", "projekt"),
        ("    issue_type: Incident\n", "", "issue_type"),
    ],
)
async def test_a_fault_names_its_field(tmp_path: Path, found: str, wrong: str, field: str) -> None:
    assert found in GOOD
    with pytest.raises(DeclarationError) as caught:
        await names(tmp_path, GOOD.replace(found, wrong, 1))
    assert caught.value.place is not None
    assert caught.value.place.field == field
    assert "opens nothing" not in str(caught.value)
