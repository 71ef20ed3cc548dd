"""Past its bound a writer is refused at once and told when to come back; reads go on, and nothing half is written."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from cmdb.api.operations import read_operation
from cmdb.application.write_gate import CAPACITY, RETRY_SECONDS
from cmdb.model.access import Principal
from cmdb.model.records import Record
from cmdb.ports.graph import UNCONDITIONAL, Precondition, WriteOutcome
from tests.fakes.graph import FakeGraph
from tests.support.api_client import ApiClient, application_over
from tests.support.load import line
from tests.support.service import environment, serving

MANY = CAPACITY * 3
PATIENCE_SECONDS = 60
UPLOAD = {"content-type": "application/x-ndjson"}


@dataclass
class SlowGraph(FakeGraph):
    """A store that writes nothing until it is let go."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Wait, then write."""
        await self.gate.wait()
        return await super().write(principal, source, records, recorded_at, condition)


def mutation(key: str) -> dict[str, object]:
    item = {"key": key, "class": "server", "name": key}
    return {
        "query": read_operation("record_items"),
        "variables": {"input": {"source": "load", "rows": [item]}},
    }


async def test_a_full_queue_refuses_in_both_forms_and_reads_go_on() -> None:
    graph = SlowGraph()
    async with asyncio.timeout(PATIENCE_SECONDS), ApiClient(application_over(graph)) as client:
        waiting = [
            asyncio.create_task(
                client.http.post("/records?source=load", content=line(f"k{n}"), headers=UPLOAD)
            )
            for n in range(CAPACITY)
        ]
        await asyncio.sleep(0.5)
        refused = await client.http.post("/records?source=load", content=line("more"), headers=UPLOAD)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_SECONDS))
        assert (refused.json()["code"], refused.json()["retryAfterSeconds"]) == ("OVERLOADED", RETRY_SECONDS)
        answer = (await client.http.post("/graphql", json=mutation("more"))).json()
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], error["extensions"]["retryAfterSeconds"]) == (
            "OVERLOADED",
            RETRY_SECONDS,
        )
        assert (await client.run("head"))["revision"] == 0, "reads go on"
        graph.gate.set()
        assert {done.status_code for done in await asyncio.gather(*waiting)} == {200}
        again = await client.http.post("/records?source=load", content=line("more"), headers=UPLOAD)
        assert again.status_code == 200
    assert graph.revision == CAPACITY + 1


async def test_a_refused_upload_is_not_even_read() -> None:
    graph = SlowGraph()
    async with asyncio.timeout(PATIENCE_SECONDS), ApiClient(application_over(graph)) as client:
        waiting = [
            asyncio.create_task(client.http.post("/graphql", json=mutation(f"k{n}"))) for n in range(CAPACITY)
        ]
        await asyncio.sleep(0.5)
        read = False

        async def body() -> object:
            nonlocal read
            read = True
            yield line("more")

        refused = await client.http.post("/records?source=load", content=body(), headers=UPLOAD)  # type: ignore[arg-type]
        assert (refused.status_code, read) == (503, False)
        graph.gate.set()
        await asyncio.gather(*waiting)


async def test_a_real_server_under_three_times_its_bound_only_takes_or_refuses(tmp_path: Path) -> None:
    with serving(environment(tmp_path, None)) as (url, _):
        limits = httpx.Limits(max_connections=MANY + 10)
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits) as client:
            posts = [client.post("/graphql", json=mutation(f"k{n}")) for n in range(MANY)]
            head = {"query": read_operation("head")}
            *answers, read = await asyncio.gather(*posts, client.post("/graphql", json=head))
            assert "errors" not in read.json()
            told = [answer.json() for answer in answers]
            taken = {f"k{n}" for n, answer in enumerate(told) if "errors" not in answer}
            codes = Counter(
                error["extensions"]["code"] for answer in told for error in answer.get("errors", ())
            )
            assert (set(codes), len(taken) + codes["OVERLOADED"]) == ({"OVERLOADED"}, MANY)
            assert len(taken) >= CAPACITY
            query = {"query": "{ items(first: 1) { totalCount } }"}
            held = (await client.post("/graphql", json=query)).json()["data"]["items"]["totalCount"]
            assert held == len(taken), "what was refused was not written, what was taken was"
            late = (await client.post("/graphql", json=mutation("later"))).json()
            assert "errors" not in late, json.dumps(late)
