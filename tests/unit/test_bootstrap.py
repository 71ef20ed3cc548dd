"""Settings become one running service; here without a store that answers."""

import gc
from datetime import UTC

import pytest

from cmdb.bootstrap import SystemClock, open_server, open_service, spare_collector
from cmdb.errors import DeclarationError, ErrorCode, StoreError
from cmdb.settings import Settings


def test_the_clock_tells_the_present_in_utc() -> None:
    first = SystemClock().now()
    assert first.tzinfo is UTC
    assert SystemClock().now() >= first


@pytest.mark.parametrize(
    ("uri", "code"),
    [("bolt://127.0.0.1:9", ErrorCode.STORE_UNREACHABLE), ("http://127.0.0.1:9", ErrorCode.STORE_URI)],
)
async def test_a_service_without_a_store_does_not_open(uri: str, code: ErrorCode) -> None:
    with pytest.raises(StoreError) as caught:
        async with open_service(Settings(store_uri=uri, store_password="hush")):
            pass
    assert caught.value.code is code
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["ok", "grave", "", "4"])
async def test_a_severity_that_calls_for_no_incident_is_refused_before_anything_opens(text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        async with open_server(Settings(store_uri="bolt://127.0.0.1:9", incident_severity=text)):
            pass
    assert "CMDB_INCIDENT_SEVERITY" in str(caught.value)


@pytest.mark.parametrize("seconds", [-1.0, 3601.0, float("nan"), float("inf")])
async def test_a_settling_time_without_sense_is_refused_before_anything_opens(seconds: float) -> None:
    with pytest.raises(DeclarationError) as caught:
        async with open_server(Settings(store_uri="bolt://127.0.0.1:9", incident_settle_seconds=seconds)):
            pass
    assert "CMDB_INCIDENT_SETTLE_SECONDS" in str(caught.value)


@pytest.mark.parametrize("text", ["off", "OFF", "critical", "Major"])
async def test_a_severity_is_written_in_any_case(text: str) -> None:
    with pytest.raises(StoreError):
        async with open_server(Settings(store_uri="bolt://127.0.0.1:9", incident_severity=text)):
            pass


def test_the_collector_looks_seldom_and_not_at_what_is_there() -> None:
    usual, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        spare_collector()
        assert gc.get_threshold() > usual
        assert gc.get_freeze_count() > frozen
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
