"""Clients of a furnished estate."""

from collections.abc import AsyncIterator

import pytest_asyncio

from cmdb.model.severity import Severity
from tests.support.api_client import ApiClient
from tests.support.moments import NOON, minutes
from tests.support.small_estate import furnished, raised


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ApiClient]:
    """Serve the estate with the router down and a symptom on VPN."""
    bench = await furnished(raised("r1"), raised("vpn", Severity.MAJOR, NOON + minutes(1)))
    async with ApiClient(bench.application) as opened:
        yield opened
