"""A signed webhook, as Standard Webhooks has it: id, timestamp and signature over both and the body."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

import httpx

from cmdb.model.outgoing import Outgoing, Remote, RemoteState
from cmdb.outbound.calling import send
from cmdb.ports.clock import Clock

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins, no secret
SECRET_BYTES = range(24, 65)
"""How long the standard lets a secret be."""


def read_secret(text: str) -> bytes:
    """Return the key behind `whsec_...`; ValueError when it is none."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not written in base64") from error
    if not text.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError(f"it is not '{SECRET_PREFIX}' and 24 to 64 bytes in base64")
    return key


def sign(key: bytes, identity: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message, version included."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """Tells every step of every ticket; implements `cmdb.ports.outbox.Channel`."""

    latest_only = False

    def __init__(
        self, name: str, http: httpx.AsyncClient, url: str, keys: Sequence[bytes], clock: Clock
    ) -> None:
        """Post to `url`; several keys sign side by side while a receiver changes over."""
        self.name = name
        self._http = http
        self._url = url
        self._keys = keys
        self._clock = clock

    async def deliver(self, entry: Outgoing, remote: Remote | None) -> None:
        """Post one message; its id stays the same over all attempts, its timestamp is that of the attempt."""
        del remote
        body = json.dumps(message(entry), ensure_ascii=False, separators=(",", ":")).encode()
        identity, timestamp = message_id(entry), int(self._clock.now().timestamp())
        signatures = (sign(key, identity, timestamp, body) for key in self._keys)
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
        await send(self._http, "POST", self._url, content=body, headers=headers)

    async def states(self, remotes: Sequence[Remote]) -> list[RemoteState]:
        """Nothing comes back this way."""
        del remotes
        return []


def message_id(entry: Outgoing) -> str:
    """Return the id of an entry's message; keys may hold full stops, which part what is signed."""
    return "msg_" + hashlib.sha256(entry.key.encode()).hexdigest()[:32]


def message(entry: Outgoing) -> dict[str, object]:
    """Return what is told: type, time of the step, and the ticket as it was then."""
    return {
        "type": "ticket.opened" if entry.opened else "ticket.updated",
        "timestamp": entry.at.isoformat(),
        "data": {"revision": entry.revision, "ticket": _plain(entry.ticket)},
    }


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
