"""The environment becomes one object; what cannot be read is refused with its place."""

from pathlib import Path

import pytest

from cmdb.errors import DeclarationError
from cmdb.settings import read_settings


def test_without_variables_the_embedded_engine_lives_under_the_home_folder() -> None:
    settings = read_settings({"HOME": "/home/eve"})
    assert (settings.store_uri, settings.url) == (None, None)
    assert settings.data_dir == Path("/home/eve/.local/share/cmdb")
    assert read_settings({"HOME": "/home/eve", "XDG_DATA_HOME": "/data"}).data_dir == Path("/data/cmdb")


def test_every_variable_is_read() -> None:
    settings = read_settings(
        {
            "CMDB_STORE_URI": "bolt://h",
            "CMDB_STORE_USER": "u",
            "CMDB_STORE_PASSWORD": "hush",
            "CMDB_STORE_DATABASE": "d",
            "CMDB_DATA_DIR": "/d",
            "CMDB_ENGINE_HEAP": "2g",
            "CMDB_ENGINE_LINGER": "3",
            "CMDB_URL": "http://h",
            "CMDB_REQUEST_TIMEOUT": "2.5",
            "CMDB_INCIDENT_SEVERITY": "major",
            "CMDB_INCIDENT_SETTLE_SECONDS": "2.5",
        }
    )
    assert (settings.store_uri, settings.store_user, settings.store_password, settings.store_database) == (
        "bolt://h",
        "u",
        "hush",
        "d",
    )
    assert (settings.data_dir, settings.engine_heap, settings.url, settings.request_timeout) == (
        Path("/d"),
        "2g",
        "http://h",
        2.5,
    )
    assert (settings.incident_severity, settings.incident_settle_seconds) == ("major", 2.5)
    assert settings.engine_linger == 3.0
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("name", ["CMDB_STORE_URI", "CMDB_URL"])
def test_an_empty_address_is_none(name: str) -> None:
    settings = read_settings({name: ""})
    assert (settings.store_uri, settings.url) == (None, None)


def test_a_password_file_goes_before_the_variable(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("from file\n")
    env = {"CMDB_STORE_PASSWORD": "plain", "CMDB_STORE_PASSWORD_FILE": str(path)}
    assert read_settings(env).store_password == "from file"


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="CMDB_STORE_PASSWORD_FILE") as caught:
        read_settings({"CMDB_STORE_PASSWORD_FILE": str(tmp_path / "none")})
    assert str(tmp_path / "none") in str(caught.value)


def test_a_timeout_is_a_number() -> None:
    with pytest.raises(DeclarationError, match="'soon', not a number") as caught:
        read_settings({"CMDB_REQUEST_TIMEOUT": "soon"})
    assert "environment, field CMDB_REQUEST_TIMEOUT" in str(caught.value)
