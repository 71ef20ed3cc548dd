"""Decodes SNMP traps of version 1 and 2c to the document that the loader `snmptrap` reads."""

import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Any

from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api
from pysnmp.proto.error import ProtocolError

from cmdb.errors import ErrorCode, InvalidInput, Place

_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_STANDARD = "1.3.6.1.6.3.1.1.5"
_ENTERPRISE_SPECIFIC = 6
_VERSIONS = {0: "1", 1: "2c"}


def decode_trap(
    datagram: bytes, address: str, received_at: datetime, communities: Collection[str] = ()
) -> dict[str, object]:
    """Return version, sender, trap OID and variables by OID.

    InvalidInput for what is no trap or of a foreign community. Without `communities` any is taken. Version 3 is
    refused: its users are not known here.
    """
    try:
        version = int(api.decodeMessageVersion(datagram))
        module = api.PROTOCOL_MODULES.get(version)
        if module is None:
            raise _refused(address, f"a message of SNMP version {version}", "Send traps of version 1 or 2c.")
        message, _ = decoder.decode(datagram, asn1Spec=module.Message())
        pdu = module.apiMessage.get_pdu(message)
    except (PyAsn1Error, ProtocolError, ValueError, IndexError, TypeError) as error:
        raise _refused(address, "no SNMP message", "Send traps of version 1 or 2c to this port.") from error
    if communities and not _is_known(str(module.apiMessage.get_community(message)), communities):
        raise _refused(address, "a foreign community", "Give the sender's community with --community.")
    made = {"version": _VERSIONS[version], "address": address, "received_at": received_at.isoformat()}
    if version == 0 and pdu.isSameTypeWith(module.TrapPDU()):
        return made | _first_version(module, pdu)
    if version == 1 and pdu.isSameTypeWith(module.SNMPv2TrapPDU()):
        return made | _second_version(module, pdu)
    raise _refused(address, "an SNMP message that is no trap", "Send traps, not informs or requests.")


def _is_known(community: str, communities: Collection[str]) -> bool:
    return any(hmac.compare_digest(community.encode(), known.encode()) for known in communities)


# The SNMP library is not typed: modules and messages come as Any.
def _first_version(module: Any, pdu: Any) -> dict[str, object]:  # noqa: ANN401 - as said
    generic = int(module.apiTrapPDU.get_generic_trap(pdu))
    enterprise = module.apiTrapPDU.get_enterprise(pdu).prettyPrint()
    if generic == _ENTERPRISE_SPECIFIC:
        trap = f"{enterprise}.0.{int(module.apiTrapPDU.get_specific_trap(pdu))}"
    else:
        trap = f"{_STANDARD}.{generic + 1}"
    agent = module.apiTrapPDU.get_agent_address(pdu).prettyPrint()
    varbinds = {oid.prettyPrint(): _plain(value) for oid, value in module.apiTrapPDU.get_varbinds(pdu)}
    named = {"trap": trap, "enterprise": enterprise, "varbinds": varbinds}
    return named if agent == "0.0.0.0" else named | {"agent": agent}  # noqa: S104 - means that none is told


def _second_version(module: Any, pdu: Any) -> dict[str, object]:  # noqa: ANN401 - as above
    varbinds = {oid.prettyPrint(): _plain(value) for oid, value in module.apiPDU.get_varbinds(pdu)}
    trap = varbinds.pop(_TRAP_OID, None)
    return {"trap": str(trap or f"{_STANDARD}.0"), "varbinds": varbinds}


def _plain(value: Any) -> int | str:  # noqa: ANN401 - as above
    try:
        return int(value)
    except (TypeError, ValueError, PyAsn1Error):
        return str(value.prettyPrint())


def _refused(address: str, found: str, hint: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SYNTAX, f"Found {found} from {address}.", hint=hint, place=Place("SNMP listener")
    )
