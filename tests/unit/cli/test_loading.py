"""`cmdb load` brings files in, and names faults where the user finds them."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing
from tests.support.small_estate import Bench
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


@pytest.mark.parametrize("option", [("--format", "csv"), ("--coverage", "snapshot"), ("--approve", "abc")])
def test_an_option_that_would_do_nothing_is_refused(option: tuple[str, str]) -> None:
    ran = LINE.run("load", "records", str(SEED / "estate.jsonl"), *option)
    assert ran.error is not None
    assert ran.error.code is ErrorCode.BAD_ARGUMENT
    assert option[0] in str(ran.error.place)


def test_an_unknown_loader_is_named() -> None:
    error = LINE.run("load", "record", "x").error
    assert error is not None
    assert (error.code, error.hint) == (ErrorCode.UNKNOWN_LOADER, "Did you mean 'records'?")


COMPONENT = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s}\nspec: %s\n"
SOUND = "{type: service, lifecycle: production, owner: team}"


def test_a_nightly_import_goes_on_without_what_is_faulty_and_misses_nothing(tmp_path: Path) -> None:
    for name, spec in (("alpha", SOUND), ("broken", "7"), ("omega", SOUND)):
        written(tmp_path / f"{name}.yaml", COMPONENT % (name, spec))
    torn = written(tmp_path / "torn.yaml", "kind: [")
    assert LINE.run("load", "backstage", str(tmp_path), "--coverage", "snapshot").code == 1
    told = ("load", "backstage", str(tmp_path), "--coverage", "snapshot", "--skip-faulty", "-o", "json")
    ran = LINE.run(*told)
    report = json.loads(ran.out)["load"]
    assert (ran.code, report["complete"], report["counts"]["items"]) == (0, False, {"created": 2})
    assert [row["place"].partition(":")[0] for row in report["problems"]] == [
        torn,
        str(tmp_path / "broken.yaml"),
    ]
    assert {row["code"] for row in report["problems"]} == {ErrorCode.SYNTAX, ErrorCode.MAPPING_FAILED}
    assert "broken.yaml" in LINE.run(*told[:-2]).out.replace("\n", "")


def test_a_run_remembers_what_could_not_be_read(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", COMPONENT % ("alpha", SOUND))
    torn = written(tmp_path / "torn.yaml", "kind: [")
    line = CommandLine(_kept(Bench()))
    line.run("load", "backstage", str(tmp_path), "--skip-faulty")
    (run,) = json.loads(line.run("runs", "-o", "json").out)["runs"]
    assert [problem.startswith(f"{torn}:") for problem in run["problems"]] == [True]


def _kept(bench: Bench) -> Callable[[], Coroutine[Any, Any, Bench]]:
    """Return what begins anew over the same store in memory: an application belongs to one event loop."""

    async def make() -> Bench:
        await asyncio.sleep(0)
        again = Bench(bench.graph)
        again.run_log.known_runs = bench.run_log.known_runs
        again.run_log.known_feeds = bench.run_log.known_feeds
        return again

    return make


def test_records_of_our_own_are_skipped_too_with_what_refers_to_them(tmp_path: Path) -> None:
    rows = [
        '{"kind": "item", "key": "a", "class": "server", "name": "a"}',
        "no JSON",
        '{"kind": "item", "key": "b", "class": "sever", "name": "b"}',
        '{"kind": "dependency", "consumer": "a", "verb": "DEPENDS_ON", "provider": "b"}',
    ]
    file = written(tmp_path / "a.jsonl", "\n".join(rows))
    ran = LINE.run("load", "records", file, "--skip-faulty", "-o", "json")
    report = json.loads(ran.out)["load"]
    assert (ran.code, report["counts"]) == (0, {"item": {"created": 1}})
    assert [row["place"].partition(",")[0] for row in report["problems"]] == [
        f"{file}:{line}" for line in (2, 3, 4)
    ]
