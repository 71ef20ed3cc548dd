"""Relay global ids: opaque, stable across reloads, made of kind and key and never of store ids."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum

from cmdb.errors import ErrorCode, InvalidInput, Place


class NodeKind(StrEnum):
    """The kinds of things that have a global id."""

    ITEM = "item"
    EVENT = "event"
    CHANGE = "change"
    TICKET = "ticket"
    PARTY = "party"


def encode_id(kind: NodeKind, key: str) -> str:
    """Return the global id of the thing of this kind and key."""
    return encode_text(f"{kind}:{key}")


def decode_id(text: str) -> tuple[NodeKind, str]:
    """Return kind and key, or raise BAD_ID."""
    try:
        kind, _, key = decode_text(text).partition(":")
        return NodeKind(kind), key
    except ValueError as error:
        raise InvalidInput(
            ErrorCode.BAD_ID,
            f"'{text[:80]}' is not a global id of this service.",
            hint="Pass an 'id' that an answer gave, or ask by key: item(ref:), event(key:) and so on.",
            place=Place("request", field="id"),
        ) from error


def encode_text(text: str) -> str:
    """Wrap text so that clients see it as opaque."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_text(text: str) -> str:
    """Unwrap what `encode_text` made; ValueError on anything else."""
    plain = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    if encode_text(plain) != text:
        raise ValueError("not the canonical form")
    return plain
