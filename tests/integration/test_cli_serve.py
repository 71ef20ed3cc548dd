"""`cmdb serve` as a process: found by its runtime file, stopped by a signal, leaving nothing behind."""

import json
import signal
from pathlib import Path

import httpx
import pytest

from tests.support.service import environment, run_cmdb, serving
from tests.support.vpn_outage import SEED


def children(data_dir: Path) -> list[str]:
    return [path.name for path in (data_dir / "engine" / "clients").iterdir()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with serving(environment(tmp_path, None)) as (url, child):
        assert httpx.get(f"{url}/readyz", trust_env=False).json()["ready"] is True
        assert json.loads((tmp_path / "server.json").read_text())["url"] == url
        child.send_signal(number)
        assert child.wait(60) == 0
    assert not (tmp_path / "server.json").exists()
    assert children(tmp_path) == []
    assert not (tmp_path / "engine" / "runtime.json").exists()


def test_commands_find_the_server_of_their_data_folder(tmp_path: Path) -> None:
    environ = environment(tmp_path, None)
    with serving(environ) as (_, child):
        loaded = run_cmdb(environ, "load", "records", str(SEED / "estate.jsonl"), "--source", "inventory")
        assert (loaded.returncode, loaded.stderr) == (0, "")
        seated = children(tmp_path)
        shown = run_cmdb(environ, "get", "email")
        assert "E-mail (business_service, key email) is ok" in shown.stdout
        assert seated == [str(child.pid)], "the commands asked the server and opened no store of their own"
    alone = run_cmdb(environ, "get", "email", "-o", "json")
    assert json.loads(alone.stdout)["item"]["source"] == "inventory"


def test_a_data_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    environ = environment(tmp_path, None)
    with serving(environ) as (url, child):
        second = run_cmdb(environ, "serve", "--port", "0")
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr.startswith(
            f"CONFLICT at {tmp_path}: {url} serves this data folder already (process {child.pid})."
        )
        assert json.loads((tmp_path / "server.json").read_text())["url"] == url
        child.kill()
        child.wait(60)
    with serving(environ) as (url, _):
        assert json.loads((tmp_path / "server.json").read_text())["url"] == url, (
            "a dead server is no hindrance"
        )


def test_errors_are_two_lines_and_no_trace(tmp_path: Path) -> None:
    environ = environment(tmp_path, None) | {"CMDB_URL": "http://127.0.0.1:9"}
    run = run_cmdb(environ, "get", "services")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "SERVER_UNREACHABLE at http://127.0.0.1:9: The server cannot be reached.",
        "hint: Start `cmdb serve`, correct CMDB_URL, or unset it to work in this process.",
    ]


def test_nothing_is_served_to_other_machines(tmp_path: Path) -> None:
    run = run_cmdb(environment(tmp_path, None), "serve", "--host", "0.0.0.0")
    assert run.returncode == 1
    assert run.stderr.startswith("FORBIDDEN at settings, field host: '0.0.0.0'")


def test_doctor_checks_the_machine_and_offline_only_the_declarations(tmp_path: Path) -> None:
    environ = environment(tmp_path / "absent", None)
    offline = run_cmdb(environ, "doctor", "--offline", "-o", "json")
    assert [row["what"] for row in json.loads(offline.stdout)["doctor"]] == ["declarations", "loaders"]
    assert not (tmp_path / "absent").exists()
    whole = run_cmdb(environ, "doctor", "-o", "json")
    found = {row["what"]: row for row in json.loads(whole.stdout)["doctor"]}
    assert {"platform", "python", "packages", "embedded engine", "store"} <= set(found)
    assert (whole.returncode, found["store"]["found"]) == (0, "reachable, revision 0")


def test_doctor_tells_what_is_wrong_and_fails(tmp_path: Path) -> None:
    environ = environment(tmp_path, None) | {"CMDB_URL": "http://127.0.0.1:9"}
    run = run_cmdb(environ, "doctor", "-o", "json")
    store = next(row for row in json.loads(run.stdout)["doctor"] if row["what"] == "store")
    assert (run.returncode, store["sound"]) == (1, False)
    assert "SERVER_UNREACHABLE" in store["found"]
