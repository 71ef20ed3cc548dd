"""Compiles the predicate of a principal into Cypher; the projection evaluates the same predicate to a mask."""

from dataclasses import dataclass, field

from cmdb.desk.access import visible
from cmdb.model.access import (
    AllOf,
    AnyOf,
    ClassIn,
    Everything,
    KeyIn,
    Nothing,
    Predicate,
    Principal,
    SubscribedBy,
)
from cmdb.model.kinds import RecordKind
from cmdb.store.shape import ITEM_LABEL, ITEM_LINK, LABELS, ROLE_PATTERN


@dataclass
class Filter:
    """A condition with its parameters; `everything` means that it hides nothing."""

    condition: str
    parameters: dict[str, object] = field(default_factory=dict)
    everything: bool = False


def item_filter(principal: Principal, variable: str = "c") -> Filter:
    """Return the condition under which a CI node is visible."""
    compiled = Filter("")
    predicate = visible(principal)
    compiled.condition = _compile(predicate, variable, compiled.parameters)
    compiled.everything = isinstance(predicate, Everything)
    return compiled


def record_filter(principal: Principal, kind: RecordKind, variable: str = "n") -> Filter:
    """Return the condition under which a record's node is visible: through one of its CIs, or as one's own."""
    if kind is RecordKind.ITEM:
        return item_filter(principal, variable)
    inner = item_filter(principal)
    if inner.everything:
        return inner
    link = ROLE_PATTERN if kind is RecordKind.PARTY else ITEM_LINK[kind]
    linked = (
        f"EXISTS {{ MATCH ({variable}:{LABELS[kind]})-[l:{link}]->(c:{ITEM_LABEL}) "
        f"WHERE l.valid_to IS NULL AND {inner.condition} }}"
    )
    own = {RecordKind.PARTY: "key", RecordKind.TICKET: "caller"}.get(kind)
    if own is not None and principal.party is not None:
        inner.parameters["own_party"] = principal.party
        linked = f"({linked} OR {variable}.{own} = $own_party)"
    return Filter(linked, inner.parameters)


def _compile(predicate: Predicate, variable: str, parameters: dict[str, object]) -> str:
    match predicate:
        case Everything():
            return "true"
        case Nothing():
            return "false"
        case ClassIn(classes):
            return f"{variable}.class IN {_bind(parameters, sorted(classes))}"
        case KeyIn(keys):
            return f"{variable}.key IN {_bind(parameters, sorted(keys))}"
        case SubscribedBy(party):
            subscriber = f"(:Party {{key: {_bind(parameters, party)}}})-[s:SUBSCRIBES]->({variable})"
            return f"EXISTS {{ MATCH {subscriber} WHERE s.valid_to IS NULL }}"
        case AllOf(parts):
            return _join(" AND ", "true", parts, variable, parameters)
        case AnyOf(parts):
            return _join(" OR ", "false", parts, variable, parameters)


def _join(
    word: str, empty: str, parts: tuple[Predicate, ...], variable: str, parameters: dict[str, object]
) -> str:
    return f"({word.join(_compile(part, variable, parameters) for part in parts)})" if parts else empty


def _bind(parameters: dict[str, object], value: object) -> str:
    name = f"visible_{len(parameters)}"
    parameters[name] = value
    return f"${name}"
