"""`cmdb doctor`: whether everything that the service needs is there, one line each."""

import asyncio
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from cmdb import resources
from cmdb.api.operations import operation_names
from cmdb.cli.answers import Rendered, table
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, Session, write
from cmdb.errors import CmdbError
from cmdb.ingest.loaders import Loaders
from cmdb.metamodel import read_metamodel

_PACKAGES = ("arcadedb-embedded", "neo4j", "strawberry-graphql", "starlette", "numpy", "pydantic", "jq")
Report = dict[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing, what was found, and whether that will do."""

    what: str
    found: str
    sound: bool = True

    def as_json(self) -> dict[str, object]:
        """Return the finding for `-o json`."""
        return {"what": self.what, "found": self.found, "sound": self.sound}


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Leave engine and store alone.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare all that is served with the store.")
    ] = False,
    output: Output = FORMAT,
) -> None:
    """Check platform, declarations and loaders, and unless --offline the engine and the store.

    With --verify the running server, or one in this process, compares its whole picture with the store.
    """
    findings = [_checked("declarations", _declarations), _checked("loaders", _loaders)]
    if not offline:
        findings = [*_machine(), *findings, _engine(), _checked("store", lambda: _store(context.obj))]
    if verify and not offline:
        findings += _compared(context.obj)
    write({"doctor": [row.as_json() for row in findings]}, output, _show)
    if not all(row.sound for row in findings):
        raise typer.Exit(1)


def _checked(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, check())
    except CmdbError as error:
        return Finding(what, str(error), sound=False)


def _machine() -> list[Finding]:
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return [
        Finding("cmdb", _version("cmdb-impact", "runs from a checkout")),
        Finding("platform", f"{platform.system()} {platform.machine()}"),
        Finding("python", platform.python_version(), sound=sys.version_info >= (3, 11)),
        Finding("packages", versions, sound="missing" not in versions),
    ]


def _version(name: str, otherwise: str = "missing") -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return otherwise


def _declarations() -> str:
    metamodel = read_metamodel(resources.folder("schema"))
    counts = f"{len(metamodel.classes)} classes, {len(metamodel.relationships)} relationships"
    return f"{counts}, {len(operation_names())} operations"


def _loaders() -> str:
    loaders = Loaders(resources.folder("loaders"), read_metamodel(resources.folder("schema")))
    return ", ".join(loader.name for loader in loaders.list_loaders())


def _engine() -> Finding:
    """Look for the engine's Java and its jars without importing it."""
    spec = find_spec("arcadedb_embedded")
    home = Path(spec.origin).parent if spec is not None and spec.origin else None
    if home is None:
        return Finding("embedded engine", "arcadedb-embedded is not installed", sound=False)
    jars = len(list((home / "jars").glob("*.jar")))
    java = next((home / "jre" / "bin").glob("java*"), None)
    return Finding(
        "embedded engine", f"{jars} jars, {'its own java' if java else 'no java'}", sound=bool(jars and java)
    )


def _store(session: Session) -> str:
    async def ask() -> str:
        async with session.connect() as client:
            return f"reachable, revision {(await client.ready())['revision']}"

    return asyncio.run(ask())


def _compared(session: Session) -> list[Finding]:
    async def ask() -> dict[str, Any]:
        async with session.connect() as client:
            return await client.verify()

    try:
        told = asyncio.run(ask())
    except CmdbError as error:
        return [Finding("picture", str(error), sound=False)]
    size = f"{told['items']} CIs, {told['dependencies']} dependencies, revision {told['revision']}"
    if not told["found"]:
        return [Finding("picture", f"as stored: {size}")]
    rest = told["found"] - len(told["differences"])
    more = [f"and {rest} more"] if rest else []
    lines = [f"{told['found']} differences from the store: {size}", *told["differences"], *more]
    return [Finding("picture", line, sound=False) for line in lines]


def _show(findings: list[dict[str, object]]) -> Rendered:
    yield table(
        ["", "what", "found"],
        (["ok" if row["sound"] else "FAULT", str(row["what"]), str(row["found"])] for row in findings),
    )
