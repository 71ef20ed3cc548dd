"""What may exist: CI classes with their attributes and the relationship verbs between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
    """One attribute of a class; `secret` values never leave the store to roles without that right."""

    name: str
    type: AttributeType
    description: str
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CiClass:
    """A class with everything that it inherits already folded in; `ancestors` runs from parent to root."""

    name: str
    title: str
    description: str
    domain: Domain
    abstract: bool
    ancestors: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    identity: tuple[tuple[str, ...], ...]

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
class Metamodel:
    """All declarations, checked against each other."""

    classes: Mapping[str, CiClass]
    relationships: Mapping[str, RelationshipType]

    def is_a(self, ci_class: str, ancestor: str) -> bool:
        """Whether the class is `ancestor` or inherits from it."""
        known = self.classes.get(ci_class)
        return known is not None and (ci_class == ancestor or ancestor in known.ancestors)

    def service_classes(self) -> frozenset[str]:
        """Names of all classes of the service domain."""
        return frozenset(name for name, known in self.classes.items() if known.is_service)
