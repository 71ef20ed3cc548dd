"""Draws sound GraphQL documents from the real schema: every root field, fragments, aliases, `@skip`, `@include`."""

from dataclasses import dataclass, field

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from cmdb.api.global_ids import NodeKind, encode_id

EVENT = "test:r1:down"
IDS = [
    encode_id(NodeKind.EVENT, EVENT),
    encode_id(NodeKind.CHANGE, "PATCH"),
    encode_id(NodeKind.ITEM, "vpn"),
    encode_id(NodeKind.PARTY, "ann"),
    encode_id(NodeKind.TICKET, "nothing"),
]
ROOTS = {
    "impact": [f'(origin: {{event: "{EVENT}"}})', '(origin: {item: "mail"})', '(origin: {item: "nothing"})'],
    "whatIf": ['(items: ["r2"])'],
    "upstreamChanges": ['(item: "vpn", words: "tunnel drops")'],
    "probableCauses": ['(item: "finance")'],
    "symptomIntake": ['(words: "I cannot open the ledger", caller: "bob")'],
    "situations": [""],
    "timeline": ['(item: "vpn")'],
    "history": ['(key: "vpn")', f'(key: "{EVENT}", kind: EVENT)'],
    "search": ['(words: "vpn")'],
    "topology": ['(item: "vpn", direction: UPSTREAM)'],
    "myServices": ['(party: "ann")'],
    "head": [""],
    "items": ["(first: 4)"],
    "services": [""],
    "events": [""],
    "changes": [""],
    "tickets": [""],
    "node": [f'(id: "{one}")' for one in IDS],
    "nodes": ["(ids: [" + ", ".join(f'"{one}"' for one in IDS * 2) + "])"],
    "item": ['(ref: "VPN")', '(ref: "nothing")'],
    "service": ['(ref: "E-mail")'],
    "event": [f'(key: "{EVENT}")'],
    "change": ['(key: "PATCH")'],
    "ticket": ['(key: "INC1")'],
    "ciClasses": [""],
    "relationshipTypes": [""],
}
"""Every root field of questions with arguments that the furnished estate answers, or refuses."""

CONDITIONS = ("@skip(if: true)", "@include(if: true)", "@include(if: $p)", "@skip(if: $q)")
DEEPEST = 6
MOST = 5


@dataclass
class Writer:
    """Writes one document; `draw` decides."""

    draw: st.DrawFn
    schema: GraphQLSchema
    aliases: int = 0
    fragments: list[tuple[str, str]] = field(default_factory=list)

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        """Return a selection set for this type."""
        parts = [self.part(kind, depth) for _ in range(self.draw(st.integers(1, MOST)))]
        # One field more keeps the set alive when conditions leave the others out.
        return "{ " + " ".join([*parts, "last: __typename"]) + " }"

    def part(self, kind: GraphQLNamedType, depth: int) -> str:
        """Return a field, an inline fragment or a spread."""
        shape = self.draw(st.sampled_from(["field"] * 6 + ["inline", "spread", "again", "name"]))
        condition: str = self.draw(st.sampled_from(("",) * 6 + CONDITIONS))
        if shape == "name":
            return f"__typename {condition}"
        if shape == "field" or depth > DEEPEST:
            return self.field(kind, depth, condition)
        if shape == "again" and (known := [name for name, on in self.fragments if on.startswith(f"{kind} ")]):
            met: str = self.draw(st.sampled_from(known))
            return f"...{met} {condition}"
        inner = self.draw(st.sampled_from(self.within(kind)))
        if shape == "inline":
            on = f" on {inner}" if inner is not kind or self.draw(st.booleans()) else ""
            return f"...{on} {condition} {self.selection(inner, depth + 1)}"
        written = f"{inner} {self.selection(inner, depth + 1)}"
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, written))
        return f"...{name} {condition}"

    def within(self, kind: GraphQLNamedType) -> list[GraphQLNamedType]:
        """Return the types that a fragment inside this one may name."""
        if isinstance(kind, GraphQLInterfaceType):
            return [kind, *self.schema.get_possible_types(kind)]
        return [kind, *(kind.interfaces if isinstance(kind, GraphQLObjectType) else ())]

    def field(self, kind: GraphQLNamedType, depth: int, condition: str = "") -> str:
        """Return a field of this type with all below it."""
        declared = getattr(kind, "fields", {})
        names = [
            name for name in declared if depth <= DEEPEST or is_leaf_type(get_named_type(declared[name].type))
        ]
        if not names:
            return f"__typename {condition}"
        name = self.draw(st.sampled_from(sorted(names)))
        inner = get_named_type(declared[name].type)
        below = "" if is_leaf_type(inner) else self.selection(inner, depth + 1)
        return f"{self.alias()}{name} {condition} {below}"

    def alias(self) -> str:
        """Return an alias of its own, or none: fields without one are merged."""
        if self.draw(st.integers(0, 3)):
            return ""
        self.aliases += 1
        return f"a{self.aliases}: "

    def root(self) -> str:
        """Return a root field; an alias keeps two with different arguments apart."""
        name = self.draw(st.sampled_from(sorted(ROOTS)))
        self.aliases += 1
        query = self.schema.query_type
        if query is None:
            raise AssertionError
        inner = get_named_type(query.fields[name].type)
        return f"r{self.aliases}: {name}{self.draw(st.sampled_from(ROOTS[name]))} {self.selection(inner, 1)}"


@st.composite
def documents(draw: st.DrawFn, schema: GraphQLSchema) -> str:
    """Return a document with the variables `p` and `q`; rarely one that validation refuses."""
    writer = Writer(draw, schema)
    roots = " ".join(writer.root() for _ in range(draw(st.integers(1, 2))))
    # Both variables and every fragment are used, as validation wants.
    used = "used: __typename @include(if: $p) @skip(if: $q)"
    fragments = " ".join(f"fragment {name} on {written}" for name, written in writer.fragments)
    return f"query Q($p: Boolean!, $q: Boolean = false) {{ {used} {roots} }} {fragments}"
