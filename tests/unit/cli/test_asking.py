"""What the command line and the environment say about reading a source."""

import pytest

from cmdb.cli.asking import asked_for, tell_remark
from cmdb.errors import ErrorCode, InvalidInput


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CMDB_SOURCE_TOKEN", "CMDB_SOURCE_USER"):
        monkeypatch.delenv(name, raising=False)


def test_settings_are_names_and_values_of_which_the_last_counts() -> None:
    asked = asked_for(["cluster=blue", "label=a=b", "empty=", "cluster=green"])
    assert asked.arguments == {"cluster": "green", "label": "a=b", "empty": ""}
    assert asked_for(None).arguments == {}


@pytest.mark.parametrize("text", ["cluster", "=blue", "", "="])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        asked_for(["cluster=blue", text])
    error = caught.value
    assert (error.code, str(error.place)) == (ErrorCode.BAD_ARGUMENT, "command line, field --set")
    assert f"'{text}'" in error.message
    assert "--set cluster=blue" in error.hint


def test_secrets_come_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = asked_for(None)
    assert (bare.access.token, bare.access.user) == ("", "")
    monkeypatch.setenv("CMDB_SOURCE_TOKEN", "opens nothing")
    monkeypatch.setenv("CMDB_SOURCE_USER", "ann")
    asked = asked_for(None)
    assert (asked.access.token, asked.access.user) == ("opens nothing", "ann")
    assert "opens nothing" not in repr(asked)


def test_remarks_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    asked_for(None).remark("Read in two parts.")
    tell_remark("[red]Again.")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "note: Read in two parts.\nnote: [red]Again.\n")
