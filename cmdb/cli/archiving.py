"""`cmdb backup` and `cmdb restore`: the whole graph into a file and back, straight from and into the store."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cmdb import bootstrap
from cmdb.cli.answers import Rendered
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, write
from cmdb.settings import read_settings
from cmdb.store.archive import BackupSummary

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup file.")]


def backup(file: File, output: Output = FORMAT) -> None:
    """Write all records and their past into FILE, as of one revision; a server may go on meanwhile.

    Beside them it holds runs of loaders, reviews, and what other systems are still to be told.
    """
    summary = asyncio.run(bootstrap.back_up(read_settings(), file, _show_progress))
    _write(summary, output)


def restore(file: File, output: Output = FORMAT) -> None:
    """Fill the store from FILE; it must be empty, and may be of the other engine."""
    summary = asyncio.run(bootstrap.restore(read_settings(), file, _show_progress))
    _write(summary, output)


def _show_progress(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} entries ")


def _write(summary: BackupSummary, output: Output) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    document = {
        "records": summary.records,
        "versions": summary.versions,
        "beside": summary.beside,
        "revision": summary.revision,
        "hash": summary.content_hash,
        "bytes": summary.size,
    }
    write({"backup": document}, output, _show)


def _show(told: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    counts = f"{told['records']:,} records, {told['versions']:,} versions, {told['beside']:,} beside them"
    yield f"{counts}, revision {told['revision']}, {told['bytes']:,} bytes"
    yield f"content {told['hash']}"
