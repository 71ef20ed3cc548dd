"""SNMP traps are decoded as they come over the wire."""

import pytest
from pyasn1.codec.ber import encoder
from pysnmp.proto import api

from cmdb.errors import InvalidInput
from cmdb.ingest.trap_decoder import decode_trap
from tests.support.moments import NOON

LINK_DOWN = (1, 3, 6, 1, 6, 3, 1, 1, 5, 3)
IF_NAME = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 4)


def second_version(community: str = "public") -> bytes:
    made = api.PROTOCOL_MODULES[1]
    pdu = made.SNMPv2TrapPDU()
    made.apiTrapPDU.set_defaults(pdu)
    oids = [
        ((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), made.ObjectIdentifier(LINK_DOWN)),
        (IF_NAME, made.OctetString(b"Gi0/4")),
    ]
    made.apiTrapPDU.set_varbinds(pdu, oids)
    return wrapped(made, pdu, community)


def first_version(generic: int, specific: int = 0) -> bytes:
    made = api.PROTOCOL_MODULES[0]
    pdu = made.TrapPDU()
    made.apiTrapPDU.set_defaults(pdu)
    made.apiTrapPDU.set_enterprise(pdu, (1, 3, 6, 1, 4, 1, 99999))
    made.apiTrapPDU.set_generic_trap(pdu, generic)
    made.apiTrapPDU.set_specific_trap(pdu, specific)
    made.apiTrapPDU.set_agent_address(pdu, "192.0.2.9")
    made.apiTrapPDU.set_varbinds(pdu, [(IF_NAME, made.Integer(4))])
    return wrapped(made, pdu, "public")


def wrapped(made: object, pdu: object, community: str) -> bytes:
    message = made.Message()  # type: ignore[attr-defined] # an untyped library
    made.apiMessage.set_defaults(message)  # type: ignore[attr-defined] # as above
    made.apiMessage.set_community(message, community)  # type: ignore[attr-defined] # as above
    made.apiMessage.set_pdu(message, pdu)  # type: ignore[attr-defined] # as above
    return bytes(encoder.encode(message))


def test_version_2c_tells_its_trap_and_variables() -> None:
    assert decode_trap(second_version(), "192.0.2.7", NOON, ["other", "public"]) == {
        "version": "2c",
        "address": "192.0.2.7",
        "received_at": NOON.isoformat(),
        "trap": "1.3.6.1.6.3.1.1.5.3",
        "varbinds": {"1.3.6.1.2.1.31.1.1.1.1.4": "Gi0/4"},
    }


@pytest.mark.parametrize(
    ("generic", "specific", "trap"),
    [(2, 0, "1.3.6.1.6.3.1.1.5.3"), (6, 7, "1.3.6.1.4.1.99999.0.7")],
)
def test_version_1_is_told_in_the_words_of_version_2(generic: int, specific: int, trap: str) -> None:
    found = decode_trap(first_version(generic, specific), "192.0.2.7", NOON)
    assert (found["version"], found["trap"], found["agent"]) == ("1", trap, "192.0.2.9")
    assert found["varbinds"] == {"1.3.6.1.2.1.31.1.1.1.1.4": 4}


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (b"", "no SNMP message"),
        (b"\x30\x80\xff", "no SNMP message"),
        (b"GET / HTTP/1.1", "no SNMP message"),
        (second_version("secret"), "a foreign community"),
        (second_version()[:40], "no SNMP message"),
        (second_version()[:4] + b"\x03" + second_version()[5:], "a message of SNMP version 3"),
    ],
)
def test_what_is_no_trap_or_foreign_is_refused_by_name(datagram: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_trap(datagram, "192.0.2.7", NOON, ["public"])
    assert told in caught.value.message
