"""A value set past a running server: `cmdb doctor --verify` tells it, and the server reads it."""

import json
from pathlib import Path

from cmdb.store.connection import StoreAddress, open_connection
from tests.conftest import wipe
from tests.support.service import environment, run_cmdb, serving

ROUTER = '{"kind": "item", "key": "r1", "class": "router", "name": "Router"}\n'
RENAME = "MATCH (c:ConfigurationItem {key: 'r1'}) SET c.name = 'Renamed'"


async def test_doctor_tells_what_was_set_past_a_running_server(
    embedded_address: StoreAddress, tmp_path: Path
) -> None:
    await wipe(embedded_address)
    environ = environment(tmp_path, embedded_address)
    with serving(environ) as (_, _child):
        loaded = run_cmdb(environ, "load", "records", "-", sent=ROUTER)
        assert loaded.returncode == 0, loaded.stderr
        sound = run_cmdb(environ, "doctor", "--verify", "-o", "json")
        assert (sound.returncode, _picture(sound.stdout)) == (
            0,
            ["as stored: 1 CIs, 0 dependencies, revision 1"],
        )
        async with open_connection(embedded_address) as browser:
            await browser.define(RENAME)
        told = run_cmdb(environ, "doctor", "--verify", "-o", "json")
        assert (told.returncode, _picture(told.stdout)) == (
            1,
            [
                "1 differences from the store: 1 CIs, 0 dependencies, revision 1",
                "CI 'r1': name 'Router' is served, 'Renamed' is stored",
            ],
        )
        assert json.loads(run_cmdb(environ, "get", "r1", "-o", "json").stdout)
        assert run_cmdb(environ, "doctor", "--verify").returncode == 0


def _picture(text: str) -> list[str]:
    return [row["found"] for row in json.loads(text)["doctor"] if row["what"] == "picture"]
