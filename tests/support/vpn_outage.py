"""The seed `vpn-outage`, played on an application over a store in memory; copies of it can be edited."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from cmdb.demo.seed import Seed, SeedFile, read_seed
from cmdb.desk.access import SYSTEM
from cmdb.ingest.records import JsonRecordParser
from cmdb.resources import folder
from tests.support.small_estate import Bench

SEED = folder("seeds") / "vpn-outage"
PRINTING_ON_ROUTER = (
    '{"kind": "dependency", "consumer": "print-1", "verb": "ROUTED_VIA", "provider": "edge-1"}\n'
)


def copy_seed(target: Path) -> Path:
    """Copy the seed into an empty folder below `target`."""
    return Path(shutil.copytree(SEED, target / SEED.name))


def license_second_concentrator(seed: Path) -> Path:
    """Make the second concentrator count, as the seed's README tells."""
    estate = seed / "estate.jsonl"
    text = estate.read_text(encoding="utf-8")
    if text.count('"weight": 0') != 1:
        raise AssertionError("the seed has not exactly one dependency of weight 0")
    estate.write_text(text.replace('"weight": 0', '"weight": 1'), encoding="utf-8")
    return seed


def hang_printing_on_router(seed: Path) -> Path:
    """Make the print server depend on the router, as the seed's README tells."""
    with (seed / "estate.jsonl").open("a", encoding="utf-8") as estate:
        estate.write(PRINTING_ON_ROUTER)
    return seed


async def play(bench: Bench, seed: Seed, files: Iterable[SeedFile]) -> None:
    """Load the files as the demo does, then let the projection's tick pass."""
    for file in files:
        records = JsonRecordParser().parse(seed.lines(file, bench.clock.now()), file.path.name)
        report = await bench.application.load(SYSTEM, file.source, records, dry_run=False)
        if report.problems:
            raise AssertionError(report.problems)
    bench.clock.advance(0.1)


async def outage_of(folder_of_seed: Path) -> tuple[Bench, Seed]:
    """Return an application at the height of the outage."""
    bench, seed = Bench(), read_seed(folder_of_seed)
    await play(bench, seed, [*seed.files, *seed.outage])
    return bench, seed
