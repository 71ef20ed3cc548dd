"""What may exist: CI classes with their attributes and the relationship verbs between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cmdb.model.service_level import STANDARD_LEVELS, ServiceLevel
from cmdb.model.severity import Strength


class AttributeType(StrEnum):
    """The closed set of attribute types; LIST holds text values."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"


class Domain(StrEnum):
    """Where a class belongs (after the CSDM domains)."""

    FOUNDATION = "foundation"
    NETWORK = "network"
    COMPUTE = "compute"
    CONTAINER = "container"
    DATA = "data"
    APPLICATION = "application"
    SERVICE = "service"
    FACILITY = "facility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a class; `secret` values never leave the store to roles without that right.

    A `volatile` one changes by itself, so that no change record is expected for it.
    """

    name: str
    type: AttributeType
    description: str
    required: bool = False
    secret: bool = False
    volatile: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CiClass:
    """A class with everything that it inherits already folded in; `ancestors` runs from parent to root.

    `identity` holds the rules by which a source's record is recognised as a CI, `weak_identity` those that prove too
    little to write; `name` stands there for the CI's name. Items of classes of one `family` may be one and the same
    thing to different sources.
    """

    name: str
    title: str
    description: str
    domain: Domain
    abstract: bool
    ancestors: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    identity: tuple[tuple[str, ...], ...]
    weak_identity: tuple[tuple[str, ...], ...] = ()
    family: str | None = None

    @property
    def is_service(self) -> bool:
        """Whether CIs of this class are services."""
        return self.domain is Domain.SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipType:
    """A verb that reads from the consumer to the provider; empty ends allow every class."""

    verb: str
    title: str
    inverse: str
    description: str
    strength: Strength
    consumers: frozenset[str]
    providers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedence:
    """Whom to believe: `tiers` ranks sources, 0 first; `attributes` names per (class, attribute) who knows it best."""

    tiers: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    attributes: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def rank(self, source: str) -> int:
        """Return the source's tier; those that nobody declared share one."""
        return self.tiers.get(source, self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metamodel:
    """All declarations, checked against each other."""

    classes: Mapping[str, CiClass]
    relationships: Mapping[str, RelationshipType]
    precedence: Precedence = Precedence()
    service_levels: Mapping[int, ServiceLevel] = field(default_factory=lambda: STANDARD_LEVELS)

    def is_a(self, ci_class: str, ancestor: str) -> bool:
        """Whether the class is `ancestor` or inherits from it."""
        known = self.classes.get(ci_class)
        return known is not None and (ci_class == ancestor or ancestor in known.ancestors)

    def may_be_one(self, ci_class: str, other: str) -> bool:
        """Whether an item of the one class and one of the other can be the same thing."""
        if self.is_a(ci_class, other) or self.is_a(other, ci_class):
            return True
        known, second = self.classes.get(ci_class), self.classes.get(other)
        return known is not None and second is not None and known.family == second.family is not None

    def service_classes(self) -> frozenset[str]:
        """Names of all classes of the service domain."""
        return frozenset(name for name, known in self.classes.items() if known.is_service)
