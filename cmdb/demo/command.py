"""`cmdb demo`: the story of a seed, played on a service of its own."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cmdb import resources
from cmdb.cli.client import open_http
from cmdb.demo.fix import play_fix
from cmdb.demo.outage import play_outage
from cmdb.demo.seed import Seed, read_seed
from cmdb.demo.server import running_server
from cmdb.demo.stage import Stage
from cmdb.errors import Conflict, ErrorCode, InvalidInput, Place
from cmdb.settings import Settings, read_settings

DEFAULT = "vpn-outage"
_EXAMPLES = (
    "get services",
    'impact "edge router 1"',
    "changes finance",
    "causes finance",
    'whatif "edge router 2"',
    'intake "I cannot pay an invoice"',
)


def demo(
    keep: Annotated[
        bool, typer.Option("--serve", help="Stop before the fix and leave the service up.")
    ] = False,
    transcript: Annotated[Path | None, typer.Option(help="Write requests and raw responses there.")] = None,
    seed: Annotated[Path | None, typer.Option(help="A seed folder of your own.")] = None,
) -> None:
    """Play an outage in eight steps on a database of its own, then the fix."""
    story = read_seed(seed or resources.folder("seeds") / DEFAULT)
    if transcript is not None:
        # Told now and not after the whole story.
        _write(transcript, "")
    # To be ended by a supervisor is an end in order too: it must not leave the child and its folder behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(_play(story, read_settings(), keep=keep, transcript=transcript))
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped")


async def _play(seed: Seed, settings: Settings, *, keep: bool, transcript: Path | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="cmdb-demo-") as folder:
        async with running_server(Path(folder)) as url, _stage(url, seed, settings, console) as stage:
            console.print(f"{seed.title}\n{seed.description}")
            await _require_empty(stage)
            await stage.play_all(seed.files)
            incident = await play_outage(stage)
            if not keep:
                await play_fix(stage, incident)
            if transcript is not None:
                _write(transcript, stage.transcript())
            if keep:
                await _hold(console, url)


@asynccontextmanager
async def _stage(url: str, seed: Seed, settings: Settings, console: Console) -> AsyncIterator[Stage]:
    async with open_http(url, settings.request_timeout) as http:
        yield Stage(http, seed, console)


async def _require_empty(stage: Stage) -> None:
    """Refuse to mix a made-up estate into a real one: a store that was never written to is at revision 0."""
    stage.open_scene(0, "Before: what is known of the estate, its people, changes and past incidents")
    head = await stage.ask("head")
    if head["revision"] != 0:
        raise Conflict(
            ErrorCode.STORE_NOT_EMPTY,
            f"The store stands at revision {head['revision']}.",
            hint="Unset CMDB_STORE_URI to play on an embedded engine of the demo's own, or name an empty database.",
            place=Place("CMDB_STORE_URI"),
        )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"The transcript cannot be written: {error.strerror}.",
            hint="Name a file in a folder that exists.",
            place=Place(str(path)),
        ) from error


async def _hold(console: Console, url: str) -> None:
    console.print(f"\nThe service stays at {url} until Ctrl-C. In another terminal:")
    for example in _EXAMPLES:
        console.print(f"   cmdb --url {url} {example}")
    await asyncio.Event().wait()
