"""The runtime file is private, says where the server is, and goes with it."""

import json
import os
import stat
from pathlib import Path

import pytest

from cmdb.cli.server_file import NAME, announced, only_server, read_server, store_of
from cmdb.errors import Conflict, Forbidden
from cmdb.settings import Settings


def test_the_file_lives_as_long_as_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with announced(folder, "http://127.0.0.1:1", None):
        server = read_server(folder)
        assert server is not None
        assert (server.url, server.store) == ("http://127.0.0.1:1", None)
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
        assert [path.name for path in folder.iterdir()] == [NAME]
    assert read_server(folder) is None


def test_a_newer_servers_file_is_left_alone(tmp_path: Path) -> None:
    with announced(tmp_path, "http://127.0.0.1:1", None):
        newer = {"url": "http://127.0.0.1:2", "pid": 1, "store": None}
        (tmp_path / NAME).write_text(json.dumps(newer), encoding="utf-8")
    server = read_server(tmp_path)
    assert server is not None
    assert server.url == "http://127.0.0.1:2"


def test_a_broken_file_is_no_server(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"url": 1', encoding="utf-8")
    assert read_server(tmp_path) is None
    (tmp_path / NAME).write_text('{"port": 1}', encoding="utf-8")
    assert read_server(tmp_path) is None


def test_one_server_a_folder_and_the_next_one_when_it_has_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with only_server(folder):
        with (
            announced(folder, "http://127.0.0.1:1", None),
            pytest.raises(Conflict) as caught,
            only_server(folder),
        ):
            pass
        assert "http://127.0.0.1:1 serves this data folder already (process" in caught.value.message
        with pytest.raises(Conflict, match="Another server is about to serve"), only_server(folder):
            pass
    with only_server(folder):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    with pytest.raises(Forbidden) as caught, only_server(folder):
        pass
    assert str(caught.value.place) == str(folder)
    with pytest.raises(Forbidden), announced(folder, "http://127.0.0.1:1", None):
        pass


def test_the_file_of_another_user_is_not_believed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT CHECKED: only root can give a file away")
    with announced(tmp_path, "http://127.0.0.1:1", None):
        os.chown(tmp_path / NAME, 12345, 12345)
        with pytest.raises(Forbidden, match="another user"):
            read_server(tmp_path)
        os.chown(tmp_path / NAME, 0, 0)


def test_a_store_is_its_address_and_its_database() -> None:
    assert store_of(Settings()) is None
    one, other = (
        store_of(Settings(store_uri="bolt://h", store_database=name)) for name in ("neo4j", "trial")
    )
    assert one != other
