"""`cmdb load`: files through a loader folder, or through a jq program of the user's own, into the service."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from cmdb import resources
from cmdb.cli.answers import Rendered, table
from cmdb.cli.asking import Setting, asked_for
from cmdb.cli.client import Json, code_of
from cmdb.cli.progress import show_loading, show_reading
from cmdb.cli.questions import FORMAT
from cmdb.cli.read_records import ReadRecords
from cmdb.cli.session import Output, Session, write
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.ingest.completeness import Completeness
from cmdb.ingest.formats import Format
from cmdb.ingest.inputs import size_of
from cmdb.ingest.loaders import Asked, Coverage, Loaders
from cmdb.metamodel import read_metamodel
from cmdb.ports.records import LocatedRecord

TOLD = 20
"""Faults of reading that are sent along for the record of the run; all of them are shown here."""

DIRECT = frozenset({"records", "csv"})
"""Loaders whose keys are our own: their records are written as they are, nothing has to be recognised."""

Rows = Callable[[Asked], Iterable[LocatedRecord]]

WholeOrPart = Annotated[
    Coverage | None,
    typer.Option(
        help="snapshot: these files are all of the scope; told: as they tell; default: as the loader says."
    ),
]

Approve = Annotated[
    str | None, typer.Option(metavar="HASH", help="Let the plan with this hash pass the guard.")
]
SkipFaulty = Annotated[
    bool, typer.Option("--skip-faulty", help="Load the sound records; nothing counts as missed then.")
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
    approve: Approve = None,
    skip_faulty: SkipFaulty = False,
    output: Output = FORMAT,
) -> None:
    """Bring files in as one run; with a faulty record anywhere nothing is written.

    Leaves with 0 when it is done, or could be with --dry-run; with 1 when refused; with 2 when not understood.
    """
    started = monotonic()
    loaders = Loaders(resources.folder("loaders"), read_metamodel(resources.folder("schema")))
    faults: list[InvalidInput] = []
    reading = replace(asked_for(setting), faulty=faults.append if skip_faulty else None)
    direct = loader in DIRECT and program is None
    _require_unset(loader, {} if program else {"--format": input_format})
    _require_unset(loader, {"--scope": scope, "--coverage": coverage, "--approve": approve} if direct else {})
    kind, declared, rows_of = _chosen(loaders, loader, paths, program, input_format)
    with closing(ReadRecords()) as read:
        _read(read, reading, paths, kind, rows_of)
        asked = {
            "source": source or loader,
            "scope": scope or reading.completeness.scope,
            "coverage": _covered(coverage or declared, reading.completeness, faults).value,
            "age": monotonic() - started,
            "dryRun": dry_run,
            "skipFaulty": skip_faulty,
            "approve": approve or "",
            "document": [str(path) for path in paths],
            "faulty": [json.dumps(_problem(fault)) for fault in faults[:TOLD]],
        }
        report = _at_home(_deliver(context.obj, asked, read, direct=direct), read, source or loader)
    report |= {"problems": _all_problems(report, faults), "seconds": round(monotonic() - started, 3)}
    write({"load": report}, output, show_report)
    _require_sound(report["problems"], skip_faulty=skip_faulty)


def _all_problems(report: Json, faults: Sequence[InvalidInput]) -> list[Json]:
    """Return what could not be read, then what the service refused; a run tells the first of the former again."""
    told = len(faults[:TOLD]) if "run" in report else 0
    return [*map(_problem, faults), *report["problems"][told:]]


def _covered(declared: Coverage, told: Completeness, faults: Sequence[InvalidInput]) -> Coverage:
    """Return what the run is said to cover; one that leaves out faulty records covers no scope."""
    if faults:
        return Coverage.PARTIAL
    if declared is Coverage.TOLD:
        return Coverage.SNAPSHOT if told.whole else Coverage.PARTIAL
    return declared


def _deliver(session: Session, asked: Mapping[str, Any], read: ReadRecords, *, direct: bool) -> Json:
    sending = _run if not direct else _send_sound if asked["skipFaulty"] else _send
    with show_loading(len(read)):
        return asyncio.run(sending(session, asked, read))


def _require_sound(problems: Sequence[Json], *, skip_faulty: bool) -> None:
    if problems and not skip_faulty:
        raise _refused(problems)


def _refused(problems: Sequence[Json]) -> CmdbError:
    return CmdbError(
        code_of(problems[0]["code"]),
        f"{len(problems)} records were refused; nothing was written.",
        hint="Mend them and load again.",
    )


def _read(read: ReadRecords, asked: Asked, paths: Sequence[str], kind: Format, rows_of: Rows) -> None:
    with show_reading(size_of(paths, kind)) as shown:
        read.take(shown.count(rows_of(replace(asked, progress=shown.advance))))


def _chosen(
    loaders: Loaders, loader: str, paths: Sequence[str], program: str | None, input_format: Format | None
) -> tuple[Format, Coverage, Rows]:
    """Return how files are read, and what they cover: by a loader, or a program of the user's own."""
    if program is not None:
        return _mapped(loaders, paths, program, input_format)
    known = loaders.loader(loader)
    return known.format, known.coverage, partial(loaders.records, loader, paths)


def _mapped(
    loaders: Loaders, paths: Sequence[str], program: str, input_format: Format | None
) -> tuple[Format, Coverage, Rows]:
    """Return how files are read through a program of the user's own."""
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

    def rows(asked: Asked) -> Iterator[LocatedRecord]:
        for path in paths:
            yield from loaders.load_with_map(program, input_format, path, asked)

    return input_format, Coverage.PARTIAL, rows


def _require_unset(loader: str, unused: Mapping[str, object]) -> None:
    """Refuse what would be passed over in silence: a format beside a loader's own, a run where there is none."""
    for option, given in unused.items():
        if given is not None:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"With the loader '{loader}' it means nothing.",
                hint="Leave it out.",
                place=Place("command line", field=option),
            )


async def _send(session: Session, asked: Mapping[str, Any], read: ReadRecords) -> Json:
    async with session.connect() as client:
        return await client.upload(asked["source"], read.lines(), dry_run=asked["dryRun"])


async def _send_sound(session: Session, asked: Mapping[str, Any], read: ReadRecords) -> Json:
    """Leave out what the service refuses, until it takes the rest: what refers to a refused record is refused next."""
    source = asked["source"]
    refused: dict[int, Json] = {}
    async with session.connect() as client:
        while True:
            report = await client.upload(source, read.lines(refused), dry_run=asked["dryRun"])
            found = {_line(row["place"], source): row for row in report["problems"]}
            if not found:
                return {**report, "problems": [refused[number] for number in sorted(refused)]}
            if 0 in found:
                raise _refused(report["problems"])
            sent = (number for number in range(1, len(read) + 1) if number not in refused)
            numbers = [number for line, number in enumerate(sent, start=1) if line in found]
            rows = (found[line] for line in sorted(found))
            refused |= {
                number: {**row, "place": f"{source}:{number}"}
                for number, row in zip(numbers, rows, strict=True)
            }


async def _run(session: Session, asked: Mapping[str, Any], read: ReadRecords) -> Json:
    async with session.connect() as client:
        return await client.run(asked, read.lines(), session.act_as)


def _problem(fault: InvalidInput) -> Json:
    """Describe what could not be read as the service describes faulty records."""
    return {
        "place": str(fault.place),
        "code": fault.code.value,
        "message": fault.message,
        "hint": fault.hint,
        "field": fault.place.field if fault.place else None,
    }


def _at_home(report: Json, read: ReadRecords, source: str) -> Json:
    """Replace the upload's line numbers by the places in the files that the user knows."""
    rows = [
        {**row, "place": read.place(_line(row["place"], source)) or row["place"]}
        for row in report["problems"]
    ]
    return {**report, "problems": rows}


def _line(told: str, source: str) -> int:
    """Return the line of an upload that a place names, 0 for a place elsewhere."""
    line = told.partition(",")[0].removeprefix(f"{source}:")
    return int(line) if line.isdecimal() else 0


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
        records = sum(number for counts in report["counts"].values() for number in counts.values())
        yield f"{records:,} records in {report['seconds']:.1f} s; revision {report['revision']}"


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in counts.items())
