"""Subscriptions of a real server: from a write to the news, over a reconnect, and to the server's end."""

import json
import signal
from pathlib import Path

import httpx

from cmdb.demo.seed import read_seed
from tests.support.live_client import Closed, over_socket
from tests.support.service import Asker, environment, serving
from tests.support.vpn_outage import SEED


async def test_a_server_tells_what_happens_until_it_ends(tmp_path: Path) -> None:
    seed = read_seed(SEED)
    with serving(environment(tmp_path, None)) as (url, process):
        asker = Asker(url)
        asker.play(seed, seed.files)
        async with over_socket(url) as client:
            await client.introduce({"Cmdb-Act-As": "subscriber:lee"})
            await client.watch("watch_services")
            before = await client.news()
            assert before["reset"]
        asker.play(seed, seed.outage)
        async with over_socket(url) as client:
            await client.introduce()
            await client.watch("watch_services", since=before["basis"]["revision"])
            states: dict[str, str] = {}
            for _ in range(20):
                news = await client.news()
                assert not news["reset"]
                states |= {row["item"]["key"]: row["health"]["effective"] for row in news["services"]}
                if states.get("finance") == states.get("vpn") == "CRITICAL":
                    break
            assert (states["finance"], states["vpn"]) == ("CRITICAL", "CRITICAL")
            process.send_signal(signal.SIGTERM)
            code = 0
            for _ in range(20):
                try:
                    await client.hear()
                except Closed as closed:
                    code = closed.code
                    break
            assert code == 1012, "the service restarts"
        assert process.wait(20) == 0


async def test_a_stream_tells_what_happens_until_the_server_ends(tmp_path: Path) -> None:
    seed = read_seed(SEED)
    with serving(environment(tmp_path, None)) as (url, process):
        asker = Asker(url)
        asker.play(seed, seed.files)
        asked = {"documentId": "watch_services", "variables": {"services": ["vpn"]}}
        head = {"Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=60, trust_env=False) as http,
            http.stream("POST", f"{url}/graphql", json=asked, headers=head) as response,
        ):
            lines = (line async for line in response.aiter_lines() if line.startswith("data: "))
            first = json.loads((await anext(lines)).removeprefix("data: "))["data"]["serviceNews"]
            assert first["services"][0]["health"]["effective"] == "OK"
            asker.play(seed, seed.outage)
            states = set()
            while "CRITICAL" not in states:
                told = json.loads((await anext(lines)).removeprefix("data: "))["data"]["serviceNews"]
                states |= {row["health"]["effective"] for row in told["services"]}
            process.send_signal(signal.SIGTERM)
            async for line in lines:
                assert "vpn" in line
        assert process.wait(20) == 0
