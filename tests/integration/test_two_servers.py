"""Two servers on one Neo4j: both answer, one owns, and the other takes over without doubling or losing a thing."""

import signal
from pathlib import Path

from cmdb.store.connection import StoreAddress
from tests.conftest import wipe
from tests.support.service import Asker
from tests.support.two_servers import pair_of, play_round, until


async def test_both_answer_and_one_owns_until_it_dies_or_sleeps(
    neo4j_address: StoreAddress, tmp_path: Path
) -> None:
    await wipe(neo4j_address)
    with pair_of(tmp_path, neo4j_address) as pair:
        owner = pair.owner()
        other = pair.other(owner)
        assert other.standing()["owner"] is False
        for number in range(2):
            play_round(pair, number)
        owner = pair.owner()
        other = pair.other(owner)
        asked = [Asker(member.url).ask("head")["revision"] for member in (owner, other)]
        assert asked[0] == asked[1] > 0
        owner.child.send_signal(signal.SIGTERM)
        assert owner.child.wait(20) == 0
        tenure = until(lambda: other.standing()["tenure"])
        assert tenure >= 2, "it is a tenure of its own"
