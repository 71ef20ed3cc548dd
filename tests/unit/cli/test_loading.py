"""`cmdb load` brings files in, and names faults where the user finds them."""

import json
from pathlib import Path

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing
from tests.support.vpn_outage import SEED

LINE = CommandLine(nothing)


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_records_are_loaded_and_counted() -> None:
    report = json.loads(LINE.run("load", "records", str(SEED / "estate.jsonl"), "-o", "json").out)["load"]
    assert report["counts"] == {"item": {"created": 44}, "dependency": {"created": 68}}


def test_a_dry_run_says_that_nothing_was_written() -> None:
    ran = LINE.run("load", "records", str(SEED / "estate.jsonl"), "--dry-run")
    assert "checked, nothing written" in ran.out


def test_a_refused_record_is_placed_in_its_file(tmp_path: Path) -> None:
    good = '{"kind": "item", "key": "a", "class": "server", "name": "a"}\n'
    bad = '\n{"kind": "item", "key": "b", "class": "sever", "name": "b"}\n'
    first, second = written(tmp_path / "a.jsonl", good), written(tmp_path / "b.jsonl", bad)
    ran = LINE.run("load", "records", first, second, "-o", "json")
    (problem,) = json.loads(ran.out)["load"]["problems"]
    assert problem["place"].startswith(f"{second}:2")
    assert ran.error is not None
    assert (ran.code, ran.error.code) == (1, ErrorCode.UNKNOWN_CLASS)


def test_a_map_of_ones_own_needs_a_format(tmp_path: Path) -> None:
    program = written(tmp_path / "my.jq", '{kind: "item", key: .name, class: "server", name: .name}')
    table = written(tmp_path / "hosts.csv", "name\nalpha\nbeta\n")
    refused = LINE.run("load", "mine", table, "--map", program)
    assert refused.error is not None
    assert refused.error.code is ErrorCode.MISSING_FIELD
    ran = LINE.run("load", "mine", table, "--map", program, "--format", "csv", "-o", "json")
    assert json.loads(ran.out)["load"]["counts"] == {"items": {"created": 2}}


def test_an_unknown_loader_is_named() -> None:
    error = LINE.run("load", "record", "x").error
    assert error is not None
    assert (error.code, error.hint) == (ErrorCode.UNKNOWN_LOADER, "Did you mean 'records'?")
