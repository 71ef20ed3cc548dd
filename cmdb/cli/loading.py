"""`cmdb load`: files through a loader folder, or through a jq program of the user's own, into the service."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from cmdb import resources
from cmdb.cli.answers import Rendered, table
from cmdb.cli.asking import Setting, asked_for
from cmdb.cli.client import Json, code_of
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, Session, write
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.ingest.formats import Format
from cmdb.ingest.loaders import Asked, Coverage, Loaders
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.ports.records import LocatedRecord

DIRECT = frozenset({"records", "csv"})
"""Loaders whose keys are our own: their records are written as they are, nothing has to be recognised."""

WholeOrPart = Annotated[
    Coverage | None,
    typer.Option(help="snapshot: these files are all of the scope; default: as the loader says."),
]


def load(
    context: typer.Context,
    loader: Annotated[
        str, typer.Argument(metavar="LOADER", help="A folder of loaders/; a free name with --map.")
    ],
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files; '-' is standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, write nothing.")] = False,
    program: Annotated[
        str | None, typer.Option("--map", help="A jq program instead of the loader's.")
    ] = None,
    input_format: Annotated[Format | None, typer.Option("--format", help="Format for --map.")] = None,
    source: Annotated[str | None, typer.Option(help="Who asserts the records; default: the loader.")] = None,
    scope: Annotated[
        str | None, typer.Option(help="Which part of the source this is, when it is loaded in parts.")
    ] = None,
    setting: Setting = None,
    coverage: WholeOrPart = None,
    approve: Annotated[
        str | None, typer.Option(metavar="HASH", help="Let the plan with this hash pass the guard.")
    ] = None,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Load the sound records; nothing counts as missed then.")
    ] = False,
    output: Output = FORMAT,
) -> None:
    """Bring files in as one run; with a faulty record anywhere nothing is written."""
    started = monotonic()
    loaders = Loaders(resources.folder("loaders"), read_metamodel(resources.folder("schema")))
    located = _read(loaders, loader, paths, asked_for(setting), program, input_format)
    lines = [json.dumps(encode(row.record)).encode() for row in located]
    if loader in DIRECT and program is None:
        report = asyncio.run(_send(context.obj, source or loader, lines, dry_run=dry_run))
    else:
        declared = Coverage.PARTIAL if program else loaders.loader(loader).coverage
        asked = {
            "source": source or loader,
            "scope": scope or "",
            "coverage": (coverage or declared).value,
            "age": monotonic() - started,
            "dryRun": dry_run,
            "skipFaulty": skip_faulty,
            "approve": approve or "",
            "document": [str(path) for path in paths],
        }
        report = asyncio.run(_run(context.obj, asked, lines))
    write({"load": _at_home(report, located)}, output, show_report)
    if report["problems"] and not skip_faulty:
        raise _refused(report["problems"])


def _refused(problems: Sequence[Json]) -> CmdbError:
    return CmdbError(
        code_of(problems[0]["code"]),
        f"{len(problems)} records were refused; nothing was written.",
        hint="Mend them and load again.",
    )


def _read(
    loaders: Loaders,
    loader: str,
    paths: Sequence[str],
    asked: Asked,
    program: str | None,
    input_format: Format | None,
) -> list[LocatedRecord]:
    if program is None:
        return list(loaders.records(loader, paths, asked))
    if input_format is None:
        raise InvalidInput(
            ErrorCode.MISSING_FIELD,
            "--map needs --format.",
            hint="Give one of " + ", ".join(Format) + ".",
            place=Place("command line", field="--format"),
        )
    if not Path(program).is_file():
        raise InvalidInput(
            ErrorCode.NOT_FOUND, "There is no such file.", hint="Give a jq program.", place=Place(program)
        )
    return [row for path in paths for row in loaders.load_with_map(program, input_format, path, asked.remark)]


async def _send(session: Session, source: str, lines: Sequence[bytes], *, dry_run: bool) -> Json:
    async with session.connect() as client:
        return await client.upload(source, lines, dry_run=dry_run)


async def _run(session: Session, asked: Mapping[str, object], lines: Sequence[bytes]) -> Json:
    async with session.connect() as client:
        return await client.run(asked, lines, session.act_as)


def _at_home(report: Json, located: Sequence[LocatedRecord]) -> Json:
    """Replace the upload's line numbers by the places in the files that the user knows."""
    return {
        **report,
        "problems": [{**row, "place": _place(row["place"], located)} for row in report["problems"]],
    }


def _place(told: str, located: Sequence[LocatedRecord]) -> str:
    line = told.partition(",")[0].rpartition(":")[2]
    return str(located[int(line) - 1].place) if line.isdecimal() and int(line) <= len(located) else told


def show_report(report: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    """Counts per kind, for a dry run also each step; then what was faulty and why a person must look."""
    if report["problems"]:
        rows = ([row["place"], row["code"], f"{row['message']} {row['hint']}"] for row in report["problems"])
        yield table(["place", "code", "what"], rows)
        if not report["counts"]:
            return
    if report["dryRun"]:
        yield from report.get("steps", ())
    yield table(["kind", "records"], ([kind, _tally(counts)] for kind, counts in report["counts"].items()))
    for objection in report.get("objections", ()):
        yield f"the guard halts it: {objection}"
    if report["dryRun"]:
        plan = f"; plan {report['planHash']}" if report.get("planHash") else ""
        yield f"checked, nothing written{plan}"
    else:
        yield f"revision {report['revision']}"


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in counts.items())
