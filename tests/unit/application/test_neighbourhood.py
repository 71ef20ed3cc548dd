"""Searching and walking the graph."""

import pytest

from cmdb.application.requests import (
    TopologyRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal
from tests.support.small_estate import ANN, furnished


async def test_search_and_topology_walk() -> None:
    bench = await furnished()
    hits = await bench.application.search(SYSTEM, "edge router")
    assert {hit.item.key for hit in hits} == {"r1", "r2"}
    walk = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="upstream", depth=2)
    )
    assert [node.key for node in walk.nodes] == ["vpn", "vpnc", "r1"]
    cut = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="both", depth=5, limit=2)
    )
    assert cut.truncated


async def walk(principal: Principal = SYSTEM, **fields: object) -> tuple[list[str], int, bool]:
    request = TopologyRequest(**fields)  # type: ignore[arg-type]
    answer = await (await furnished()).application.topology(principal, request)
    return [node.key for node in answer.nodes], len(answer.steps), answer.truncated


async def test_a_walk_keeps_to_its_direction_and_depth() -> None:
    assert await walk(item="vpnc", direction="upstream", depth=9) == (["vpnc", "r1"], 1, False)
    assert await walk(item="vpnc", direction="downstream", depth=1) == (["vpnc", "vpn"], 1, False)
    assert await walk(item="vpnc", direction="both", depth=1) == (["vpnc", "r1", "vpn"], 2, False)
    assert await walk(item="vpnc", depth=0) == (["vpnc"], 0, False)


async def test_a_limit_cuts_the_walk_and_says_so() -> None:
    assert await walk(item="mail", direction="upstream", limit=2) == (["mail", "r1"], 1, True)
    assert await walk(item="mail", direction="upstream", limit=3) == (["mail", "r1", "r2"], 2, False)


async def test_hidden_cis_end_the_walk() -> None:
    assert await walk(ANN, item="vpn", depth=9) == (["vpn"], 0, False)


async def test_a_direction_is_one_of_three() -> None:
    with pytest.raises(InvalidInput) as caught:
        await walk(item="vpn", direction="sideways")
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert "upstream, downstream, both" in caught.value.hint


async def found(words: str, principal: Principal = SYSTEM, first: int = 10) -> list[tuple[str, str]]:
    hits = await (await furnished()).application.search(principal, words, first)
    return [(hit.item.key, hit.matched) for hit in hits]


async def test_an_exact_hit_goes_before_a_beginning_before_a_part() -> None:
    assert await found("mail") == [("mail", "exact"), ("mail1", "beginning")]
    assert await found("VPN") == [("vpn", "exact"), ("vpnc", "beginning")]
    assert await found("srv") == [("printsrv", "part")]
    assert [hit for _, hit in await found("router broken")] == ["words", "words"]
    assert await found("zebra") == []


async def test_equal_hits_come_by_name_then_key_and_are_cut() -> None:
    assert await found("edge router", first=1) == [("r1", "beginning")]


async def test_hidden_cis_are_not_found() -> None:
    assert await found("finance", ANN) == []
    assert await found("edge router", ANN) == []


@pytest.mark.parametrize("words", ["", "   "])
async def test_an_empty_search_is_refused(words: str) -> None:
    with pytest.raises(InvalidInput):
        await found(words)
