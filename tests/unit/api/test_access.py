from typing import Any

import pytest

from cmdb.api.access import LoopbackHosts, is_loopback, read_principal, require_loopback
from cmdb.errors import ErrorCode, Forbidden, InvalidInput
from cmdb.model.access import PrincipalRole


def test_without_a_header_the_caller_is_the_administrator_of_this_machine() -> None:
    assert read_principal(None).role is PrincipalRole.ADMIN


def test_the_header_names_role_and_party() -> None:
    principal = read_principal("subscriber:ann:smith")
    assert (principal.role, principal.party, principal.name) == (
        PrincipalRole.SUBSCRIBER,
        "ann:smith",
        "ann:smith",
    )
    assert read_principal(" desk ").party is None


@pytest.mark.parametrize("header", ["root", "ADMIN", ":ann", "admin,desk"])
def test_other_roles_are_refused(header: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_principal(header)
    assert caught.value.code is ErrorCode.WRONG_TYPE


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_may_be_listened_on(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", "localhost.example.org", ""])
def test_other_addresses_are_refused(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(Forbidden) as caught:
        require_loopback(host)
    assert caught.value.code is ErrorCode.FORBIDDEN


async def status_for(*hosts: bytes) -> int:
    sent: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"host", host) for host in hosts]}
    await LoopbackHosts(inner)(scope, None, send)  # type: ignore[arg-type]
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize("host", [b"127.0.0.1:8000", b"localhost", b"LocalHost:9", b"[::1]:8000"])
async def test_requests_that_name_this_machine_pass(host: bytes) -> None:
    assert await status_for(host) == 200


@pytest.mark.parametrize(
    "host", [b"", b"attacker.example", b"127.0.0.1.attacker.example", b"localhost@attacker.example", b"a/?x="]
)
async def test_requests_that_name_another_machine_are_refused(host: bytes) -> None:
    assert await status_for(host) == 403


async def test_requests_with_no_host_or_with_two_are_refused() -> None:
    assert await status_for() == 403
    assert await status_for(b"127.0.0.1", b"attacker.example") == 403
