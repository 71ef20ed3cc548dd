"""`cmdb loader`: list the loaders, try one on a file, test their samples, begin a new one."""

import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from cmdb import resources
from cmdb.cli.answers import Rendered, table
from cmdb.cli.asking import Setting, asked_for
from cmdb.cli.loader_trial import REFERENCE, Trial, show_trial
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, write
from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place
from cmdb.ingest.inputs import STDIN
from cmdb.ingest.loaders import Loader, Loaders
from cmdb.ingest.samples import Answer, accept, answers, expected
from cmdb.ingest.skeleton import write_skeleton
from cmdb.ingest.trial import fault_of, recognise, try_loader
from cmdb.metamodel import read_metamodel

Folder = Annotated[
    Path | None, typer.Option("--in", help="Folder of loader folders; default: those that come along.")
]


def build_loader_cli() -> typer.Typer:
    """Return the commands under `cmdb loader`."""
    cli = typer.Typer(no_args_is_help=True, help="List, try, test and begin loaders.")
    cli.command("list")(list_loaders)
    cli.command("try")(try_input)
    cli.command("test")(compare_samples)
    cli.command("new")(new_loader)
    return cli


def list_loaders(folder: Folder = None, output: Output = FORMAT) -> None:
    """Every loader with its format, and what a complete run is complete for."""
    rows = [_listed(loader) for loader in _loaders(folder).list_loaders()]
    write({"loaders": rows}, output, _show_loaders)


def try_input(
    inputs: Annotated[
        list[str], typer.Argument(metavar="FILE [SOURCE]", help="In any order; without SOURCE it is guessed.")
    ],
    setting: Setting = None,
    limit: Annotated[int, typer.Option(help="Records to print; all are counted.")] = 20,
    folder: Folder = None,
    output: Output = FORMAT,
) -> None:
    """Show what a loader makes of a file: documents, records, faults with their place. Nothing is written."""
    loaders = _loaders(folder)
    path, name = _file_and_source(inputs, loaders.names())
    matched = recognise(loaders, path) if name is None else []
    loader = loaders.loader(name or _only(matched, path))
    asked = asked_for(setting)
    trial = Trial(loader.name, matched, limit, read_metamodel(resources.folder("schema")))
    for tried in try_loader(loaders, loader, [path], asked):
        trial.add(tried)
    report = trial.report()
    write({"trial": report}, output, show_trial)
    if any(row["code"] != REFERENCE for row in report["faults"]):
        raise typer.Exit(1)


def compare_samples(
    name: Annotated[str | None, typer.Argument(help="A loader; default: all.")] = None,
    accepted: Annotated[
        bool, typer.Option("--accept", help="Write what they yield now as what is expected.")
    ] = False,
    folder: Folder = None,
    output: Output = FORMAT,
) -> None:
    """Run the samples of a loader folder and compare with its expected.json."""
    loaders = _loaders(folder)
    chosen = [loaders.loader(name)] if name else list(loaders.list_loaders())
    if accepted:
        for loader in chosen:
            accept(loaders, loader)
    rows = [row for loader in chosen for row in _compared(loaders, loader)]
    write({"samples": rows}, output, _show_samples)
    if not all(row["agrees"] for row in rows):
        raise typer.Exit(1)


def new_loader(
    name: Annotated[str, typer.Argument(help="Name of the source, for example my-tool.")],
    folder: Folder = None,
) -> None:
    """Write a loader folder that works, to be edited."""
    home = folder or resources.folder("loaders")
    made = write_skeleton(home, name)
    loaders = _loaders(home)
    accept(loaders, loaders.loader(name))
    sys.stdout.write(f"{made}\nEdit map.jq, then: cmdb loader test {name} --in {home}\n")


def _loaders(folder: Path | None) -> Loaders:
    if folder is not None and not folder.is_dir():
        raise NotFound(
            ErrorCode.NOT_FOUND,
            "There is no such folder.",
            hint="Name a folder of loader folders; `cmdb loader new NAME --in FOLDER` begins one.",
            place=Place(str(folder)),
        )
    return Loaders(folder or resources.folder("loaders"), read_metamodel(resources.folder("schema")))


def _file_and_source(inputs: list[str], names: list[str]) -> tuple[str, str | None]:
    """Tell the loader's name from the path: people write both orders."""
    match inputs:
        case [path]:
            return path, None
        case [first, second]:
            is_source = first in names and (first != STDIN and not (second in names and Path(first).exists()))
            return (second, first) if is_source or Path(second).exists() else (first, second)
        case _:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"{len(inputs)} names were given.",
                hint="Give a file and, if it cannot be guessed, a loader.",
                place=Place("command line", field="FILE"),
            )


def _only(matched: list[str], path: str) -> str:
    if len(matched) == 1:
        return matched[0]
    if path != STDIN and "://" not in path and not Path(path).exists():
        raise NotFound(
            ErrorCode.NOT_FOUND, "There is no such file.", hint="Name a readable file.", place=Place(path)
        )
    found = f"{', '.join(matched)} fit" if matched else "No loader recognises it"
    broken = None if matched else fault_of(path)
    if broken is not None:
        raise broken
    raise NotFound(
        ErrorCode.UNKNOWN_LOADER, f"{found}.", hint="Name the loader after the file.", place=Place(path)
    )


def _listed(loader: Loader) -> dict[str, object]:
    return {
        "name": loader.name,
        "title": loader.title,
        "format": loader.format.value,
        "coverage": loader.coverage.value,
        "scope": loader.scope,
        "fetch": loader.fetch,
        "arguments": [
            {"name": row.name, "default": row.default, "description": row.description}
            for row in loader.arguments
        ],
    }


def _show_loaders(rows: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield table(
        ["loader", "title", "format", "coverage", "arguments"],
        (
            [row["name"], row["title"], row["format"], row["coverage"], _names(row["arguments"])]
            for row in rows
        ),
    )


def _names(arguments: list[dict[str, str]]) -> str:
    return ", ".join(row["name"] for row in arguments)


def _compared(loaders: Loaders, loader: Loader) -> Iterator[dict[str, object]]:
    found, kept = answers(loaders, loader), expected(loader)
    for sample in sorted({*found, *kept}):
        difference = _difference(found.get(sample), kept.get(sample))
        yield {
            "loader": loader.name,
            "sample": sample,
            "agrees": difference is None,
            "difference": difference or "",
        }


def _difference(found: Answer | None, kept: Answer | None) -> str | None:
    """Say where they part first."""
    if found == kept:
        return None
    if found is None or kept is None:
        return "no such sample" if found is None else "not in expected.json"
    field = next(name for name in sorted({*found, *kept}) if found.get(name) != kept.get(name))
    left, right = found.get(field), kept.get(field)
    if not isinstance(left, list) or not isinstance(right, list):
        return f"{field}: found {left}, expected {right}"
    pairs = zip_longest(left, right)
    number, pair = next((number, pair) for number, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    return f"{field} {number}: found {pair[0]}, expected {pair[1]}"


def _show_samples(rows: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield table(
        ["", "loader", "sample", "difference"],
        (
            ["ok" if row["agrees"] else "DIFFERS", row["loader"], row["sample"], row["difference"]]
            for row in rows
        ),
    )
