"""Many rounds in which the owner of a store is killed or put to sleep in the middle of its duties."""

from pathlib import Path

from cmdb.store.connection import StoreAddress
from tests.conftest import wipe
from tests.support.two_servers import pair_of, play_round

ROUNDS = 10


async def test_each_situation_ends_with_one_incident_whatever_became_of_the_owner(
    neo4j_address: StoreAddress, tmp_path: Path
) -> None:
    await wipe(neo4j_address)
    with pair_of(tmp_path, neo4j_address) as pair:
        for number in range(ROUNDS):
            play_round(pair, number)
