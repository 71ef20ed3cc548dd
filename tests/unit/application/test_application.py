"""The facade: revisions, references, and the way to records of every kind."""

import pytest

from cmdb.application.requests import ImpactRequest, RecordBatch, UpstreamChangesRequest, WhatIfRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, NotFound
from cmdb.model.kinds import RecordKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, Bench, furnished, item, outage


async def test_an_empty_store_can_be_asked() -> None:
    bench = Bench()
    assert (await bench.application.head(), await bench.application.refresh()) == (0, 0)
    assert await bench.application.situations(SYSTEM) == ()


async def test_answers_say_what_they_hold_for() -> None:
    bench = await furnished()
    bench.clock.advance(3)
    basis = await bench.application.basis()
    assert (basis.revision, basis.computed_at) == (1, NOON + minutes(3))


async def test_a_write_of_another_process_shows_after_the_tick() -> None:
    bench = await furnished()
    await bench.graph.write(SYSTEM, "elsewhere", [item("new", "server")], NOON)
    bench.clock.advance(1)
    assert (await bench.application.find_item(SYSTEM, "new")).item.key == "new"


async def test_an_answer_can_ask_for_a_revision() -> None:
    bench = await outage()
    application = bench.application
    answer = await application.impact(SYSTEM, ImpactRequest(item="r1"), at_least=1)
    assert answer.basis.revision == 1
    asked = (
        application.impact(SYSTEM, ImpactRequest(item="r1"), at_least=9),
        application.upstream_changes(SYSTEM, UpstreamChangesRequest(item="vpn"), at_least=9),
        application.probable_causes(SYSTEM, "vpn", at_least=9),
        application.what_if(SYSTEM, WhatIfRequest(items=("r1",)), at_least=9),
        application.situations(SYSTEM, at_least=9),
        application.my_services(ANN, "ann", at_least=9),
    )
    for question in asked:
        with pytest.raises(CmdbError) as caught:
            await question
        assert caught.value.code is ErrorCode.BEHIND


async def test_own_writes_are_read_at_once() -> None:
    bench = await furnished()
    outcome = await bench.application.record(SYSTEM, RecordBatch(source="s", records=(item("x", "server"),)))
    assert (await bench.application.basis(outcome.revision)).revision == outcome.revision == 2
    assert (await bench.application.refs(SYSTEM, ["x"]))[0] is not None


async def test_references_come_in_the_order_of_the_keys_hidden_ones_empty() -> None:
    bench = await furnished()
    refs = await bench.application.refs(ANN, ["vpn", "r1", "nowhere", "mail"])
    assert [ref and ref.name for ref in refs] == ["VPN", None, None, "E-mail"]


async def test_the_history_of_what_is_hidden_or_absent_is_not_found() -> None:
    bench = await furnished()
    assert len((await bench.application.history(SYSTEM, RecordKind.ITEM, "r1")).entries) == 1
    for principal, key in ((ANN, "r1"), (SYSTEM, "nowhere")):
        with pytest.raises(NotFound):
            await bench.application.history(principal, RecordKind.ITEM, key)
