"""Reads CI classes and folds in what each inherits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from cmdb.errors import DeclarationError, ErrorCode, Place
from cmdb.model.metamodel import Attribute, AttributeType, CiClass, Domain
from cmdb.yaml_text import Entry, read_entry

RESERVED = frozenset(
    {"id", "key", "kind", "class", "ci_class", "name", "description", "attributes", "groups", "retired"}
    | {"valid_from", "valid_to", "revision", "recorded_at", "source"}
)
"""Names that records, the store and answers use for themselves."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_COMPARABLE = (AttributeType.TEXT, AttributeType.INTEGER)
_WEAKLY_COMPARABLE = (*_COMPARABLE, AttributeType.LIST)
CI_NAME = "name"
"""Stands in weak rules for the name of the CI, which is no attribute."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """A class as its own entry says it, before inheritance."""

    entry: Entry
    domain: Domain
    parent: str | None
    attributes: Mapping[str, Attribute]


def read_classes(folder: Path) -> Mapping[str, CiClass]:
    """Return every class by name, in order of file and entry."""
    declared: dict[str, _Declared] = {}
    for path in sorted(folder.glob("*.yaml")):
        _read_file(path, declared)
    if not declared:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            "There is no CI class.",
            hint="Declare at least one class in schema/classes.",
            place=Place("schema/classes"),
        )
    return MappingProxyType({name: _fold(name, declared) for name in declared})


def _read_file(path: Path, declared: dict[str, _Declared]) -> None:
    document = read_entry(path, f"schema/classes/{path.name}")
    document.allow("domain", "classes")
    domain = document.choice("domain", Domain)
    for entry in document.entries("classes"):
        if not _NAME.fullmatch(entry.name):
            raise entry.fault(f"'{entry.name}' is no class name.", "Use snake_case.")
        if entry.name in declared:
            other = declared[entry.name].entry.source
            raise entry.fault(f"The class is declared in {other} already.", "Declare each class once.")
        entry.allow(
            "extends", "title", "description", "abstract", "attributes", "identity", "weak_identity", "family"
        )
        parent = entry.text("extends") if "extends" in entry.values else None
        declared[entry.name] = _Declared(entry, domain, parent, _attributes(entry))


def _attributes(owner: Entry) -> Mapping[str, Attribute]:
    return {entry.name: _attribute(entry, owner) for entry in owner.entries("attributes")}


def _attribute(entry: Entry, owner: Entry) -> Attribute:
    if entry.name in RESERVED:
        raise owner.fault(
            f"The attribute '{entry.name}' collides with a field of every record.", "Rename it.", entry.name
        )
    if not _NAME.fullmatch(entry.name):
        raise owner.fault(f"'{entry.name}' is no attribute name.", "Use snake_case.", entry.name)
    entry.allow("type", "description", "required", "secret", "volatile", "choices")
    kind = entry.choice("type", AttributeType)
    choices = entry.names("choices")
    if choices and kind not in (AttributeType.TEXT, AttributeType.LIST):
        raise entry.fault(f"A {kind.value} has no choices.", "Use choices with text or list.", "choices")
    return Attribute(
        name=entry.name,
        type=kind,
        description=entry.text("description"),
        required=entry.flag("required"),
        secret=entry.flag("secret"),
        volatile=entry.flag("volatile"),
        choices=choices,
    )


def _fold(name: str, declared: Mapping[str, _Declared]) -> CiClass:
    own = declared[name]
    ancestors = _ancestors(name, declared)
    line = (*reversed(ancestors), name)
    attributes: dict[str, Attribute] = {}
    for step in line:
        attributes.update(_without_overlap(step, attributes, declared))
    return CiClass(
        name=name,
        title=own.entry.text("title"),
        description=own.entry.text("description"),
        domain=own.domain,
        abstract=own.entry.flag("abstract"),
        ancestors=ancestors,
        attributes=MappingProxyType(attributes),
        identity=_rules("identity", (name, *ancestors), attributes, declared),
        weak_identity=_rules("weak_identity", (name, *ancestors), attributes, declared),
        family=next(
            (
                declared[step].entry.text("family")
                for step in (name, *ancestors)
                if "family" in declared[step].entry.values
            ),
            None,
        ),
    )


def _ancestors(name: str, declared: Mapping[str, _Declared]) -> tuple[str, ...]:
    """Walk from parent to root; a walk longer than there are classes goes round in a circle."""
    found: list[str] = []
    step = declared[name]
    while step.parent is not None:
        if step.parent not in declared:
            raise _unknown_parent(step.entry, step.parent, declared)
        if step.parent == name or step.parent in found:
            circle = " -> ".join([name, *found, step.parent])
            raise declared[name].entry.fault(
                f"Inheritance goes round in a circle: {circle}.",
                "Let one of them extend another class.",
                "extends",
                ErrorCode.CYCLIC_DECLARATION,
            )
        found.append(step.parent)
        step = declared[step.parent]
    return tuple(found)


def _unknown_parent(entry: Entry, parent: str, declared: Mapping[str, _Declared]) -> DeclarationError:
    near = get_close_matches(parent, declared, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else "Declare it or extend configuration_item."
    return entry.fault(
        f"It extends '{parent}', which is not declared.", hint, "extends", ErrorCode.UNKNOWN_CLASS
    )


def _without_overlap(
    name: str, inherited: Mapping[str, Attribute], declared: Mapping[str, _Declared]
) -> Mapping[str, Attribute]:
    own = declared[name]
    for attribute in own.attributes:
        if attribute in inherited:
            raise own.entry.fault(
                f"The attribute '{attribute}' is inherited already.",
                "Leave it to the parent, or rename it.",
                attribute,
            )
    return own.attributes


def _rules(
    field: str, line: tuple[str, ...], attributes: Mapping[str, Attribute], declared: Mapping[str, _Declared]
) -> tuple[tuple[str, ...], ...]:
    """Own rules first, then the parent's: the closer class knows better."""
    rules: list[tuple[str, ...]] = []
    for step in line:
        entry = declared[step].entry
        for rule in entry.rows(field):
            _check_rule(entry, field, rule, attributes)
            if rule not in rules:
                rules.append(rule)
    return tuple(rules)


def _check_rule(entry: Entry, field: str, rule: tuple[str, ...], attributes: Mapping[str, Attribute]) -> None:
    if not rule:
        raise entry.fault("An identity rule is empty.", "Name the attributes that identify a CI.", field)
    weak = field == "weak_identity"
    for name in rule:
        if weak and name == CI_NAME:
            continue
        if name not in attributes:
            raise entry.fault(
                f"An identity rule names '{name}', which the class does not have.",
                "Name attributes of the class or its ancestors.",
                field,
                ErrorCode.UNKNOWN_ATTRIBUTE,
            )
        if attributes[name].type not in (_WEAKLY_COMPARABLE if weak else _COMPARABLE):
            raise entry.fault(
                f"An identity rule names '{name}', a {attributes[name].type.value}.",
                "Identify by texts and integers, weakly also by lists.",
                field,
            )
