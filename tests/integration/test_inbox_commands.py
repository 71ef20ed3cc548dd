"""`cmdb inbox` against a running server."""

import json
from pathlib import Path

import httpx

from tests.support.inbox import event, lines
from tests.support.service import Asker, environment, run_cmdb, serving


def test_a_record_is_set_aside_mended_and_applied(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data", None)

    def told(*arguments: str) -> str:
        ran = run_cmdb(environ, "inbox", *arguments)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    with serving(environ) as (url, _):
        rows = [{"key": "r1", "class": "router", "name": "r1"}]
        Asker(url).ask("record_items", input={"source": "test", "rows": rows})
        body = lines(event("good"), event("bad", item="nowhere"), event("worse", item="nowhere"))
        answer = httpx.post(f"{url}/webhooks/records?wait=applied", content=body, timeout=30, trust_env=False)
        assert answer.status_code in (200, 202)
        assert "0 waiting, 2 dead" in told("stats")
        assert "DANGLING_END" in told("list")
        letter = json.loads(told("show", "1", "-o", "json"))["deadLetter"]
        mended = tmp_path / "mended.json"
        mended.write_text(letter["text"].replace("nowhere", "r1"))
        assert "in the inbox again" in told("replay", "1", "--file", str(mended))
        assert "discarded" in told("discard", "2")
        refused = run_cmdb(environ, "inbox", "discard", "2")
        assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "CONFLICT")
        assert "0 waiting, 0 dead" in told("stats")
        events = Asker(url).ask("events", first=10)
        assert {edge["node"]["condition"] for edge in events["edges"]} == {"good", "bad"}


def test_without_a_server_there_is_no_inbox_to_ask(tmp_path: Path) -> None:
    ran = run_cmdb(environment(tmp_path, None), "inbox", "stats")
    assert ran.returncode == 1
    assert ran.stderr.startswith("INBOX_BROKEN")
    assert "cmdb serve" in ran.stderr
