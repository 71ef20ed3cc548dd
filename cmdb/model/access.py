"""Who asks, and what they may see: a principal and the predicate that its role yields."""

from dataclasses import dataclass
from enum import StrEnum


class PrincipalRole(StrEnum):
    """Roles; deny by default, so each names what it opens."""

    SUBSCRIBER = "subscriber"
    DESK = "desk"
    ENGINEER = "engineer"
    AGENT = "agent"
    INGEST = "ingest"
    LOADER = "loader"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of every use case and store read; `party` is the person or customer behind it.

    `classes` and `keys` narrow a role further; None means no narrowing.
    """

    name: str
    role: PrincipalRole
    party: str | None = None
    classes: frozenset[str] | None = None
    keys: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Everything:
    """Every CI."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No CI."""


@dataclass(frozen=True, slots=True)
class ClassIn:
    """CIs of these classes."""

    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyIn:
    """CIs with these keys."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class SubscribedBy:
    """CIs that the party subscribes to now."""

    party: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """CIs that fulfil every part."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """CIs that fulfil at least one part."""

    parts: tuple["Predicate", ...]


Predicate = Everything | Nothing | ClassIn | KeyIn | SubscribedBy | AllOf | AnyOf
