"""The runtime file is private, says where the server is, and goes with it."""

import json
import stat
from pathlib import Path

from cmdb.cli.server_file import NAME, announced, read_server


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
