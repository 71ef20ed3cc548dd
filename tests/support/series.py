"""A series of kills from beginning to end, as a test."""

from pathlib import Path

from tests.support.bearing_out import address_of, hash_of, hash_of_undisturbed, must_bear_out
from tests.support.killing import Series, Traffic, service_on


async def run_series(engine_name: str, victims: tuple[str, ...], kills: int, folder: Path, seed: int) -> None:
    """Kill under traffic; nothing acknowledged may be lost, and the graph must equal an undisturbed one."""
    home = folder / "killed"
    home.mkdir()
    with service_on(engine_name, home) as (engine, server):
        traffic = Traffic(server)
        Series(victims, kills, seed).run(engine, server, traffic)
        await must_bear_out(address_of(engine, home), traffic.journal)
        found = await hash_of(address_of(engine, home))
    repeated = sum(write.tries > 1 for write in traffic.journal)
    print(
        f"{engine_name} {'+'.join(victims)}: {len(traffic.journal)} writes, {repeated} repeated, {kills} kills"
    )
    undisturbed = folder / "undisturbed"
    undisturbed.mkdir()
    assert found == await hash_of_undisturbed(traffic.journal, undisturbed)
