"""The commands about loaders: runs, sources, reviews and why."""

import json
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine
from tests.support.feeds import run, seen
from tests.support.small_estate import Bench


async def doubtful() -> Bench:
    """Return an estate with one CI of two sources, and one that may be either of two."""
    bench = Bench()
    await run(
        bench,
        "netbox",
        seen("a", fqdn="a.example.com", role="web"),
        seen("t1", fqdn="t.example.com"),
        seen("t2", fqdn="t.example.com"),
    )
    await run(
        bench, "ansible", seen("host-a", fqdn="a.example.com", os="Debian"), seen("t", fqdn="t.example.com")
    )
    return bench


LINE = CommandLine(doubtful)


def test_runs_and_sources_are_tables() -> None:
    assert "1 items bound, 1 items created, 1 reviews opened" in " ".join(LINE.run("runs").out.split())
    out = LINE.run("sources").out
    assert "netbox" in out
    assert "default" in out


def test_why_tells_who_sees_it_as_what_and_whose_value_counts() -> None:
    out = LINE.run("why", "a").out
    assert "host-a" in out
    assert "fqdn" in out
    assert "Debian" in out
    assert json.loads(LINE.run("why", "a", "-o", "json").out)["item"]["stale"] is False


def test_reviews_are_listed_and_decided() -> None:
    assert "t1, t2" in LINE.run("reviews").out
    assert "ansible|t rejected; it is t; revision" in LINE.run("review", "ansible|t").out
    assert "ansible|t accepted" in LINE.run("review", "ansible|t", "--accept", "t2").out
    error = LINE.run("review", "ansible|x").error
    assert error is not None
    assert error.code is ErrorCode.NOT_FOUND


def test_a_binding_is_undone() -> None:
    assert "it is host-a" in LINE.run("split", "a", "ansible", "host-a").out


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_scan_is_a_run(tmp_path: Path, options: list[str]) -> None:
    program = tmp_path / "my.jq"
    program.write_text('{kind: "item", key: .name, class: "server", name: .name}', encoding="utf-8")
    table = tmp_path / "hosts.csv"
    table.write_text("name\nalpha\nbeta\n", encoding="utf-8")
    ran = LINE.run("load", "mine", str(table), "--map", str(program), "--format", "csv", *options)
    assert ("items.created: alpha (server) described as 'alpha'" in ran.out) is bool(options)
    assert "2 created" in ran.out
