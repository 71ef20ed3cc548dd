"""Recognises the records of a source as CIs: native key first, then the rules of the class, strong before weak.

The answer does not depend on the order of the records, nor on how keys are spelt, but for the names of new CIs.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cmdb.desk.merging import counted
from cmdb.desk.traits import traits
from cmdb.model.metamodel import CiClass, Metamodel
from cmdb.model.provenance import AttributeValue, Sighting
from cmdb.model.records import Item
from cmdb.model.runs import Estate, KnownItem

NATIVE_KEY = "native key"
"""The rule of a thing that nothing else told: it stands for a CI of its own, and is known by its key from then on."""

CANDIDATES = 10
"""Candidates that a review names at most."""

Rule = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """Which CI a record of the source is, and by which rule; `left` is the CI that it stood for until now."""

    key: str
    rule: str
    weak: bool = False
    new: bool = False
    left: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a record could not be recognised, and what it may be."""

    candidates: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class Identified:
    """Bindings and doubts by native key; `rekeyed` maps new native keys to the ones that the source gave up."""

    bindings: dict[str, Binding] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    rekeyed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Asker:
    """Whose records are recognised: source and scope, and which (native key, CI) people have ruled out."""

    source: str
    scope: str
    complete: bool
    rejected: Collection[tuple[str, str]] = frozenset()


def identify(claims: Mapping[str, Item], estate: Estate, asker: Asker, metamodel: Metamodel) -> Identified:
    """Bind the claims, one a native key, to CIs; descriptions come first, so that mentions can find them."""
    return _Recogniser(claims, estate, asker, metamodel).run()


class _Index:
    """Which CIs carry which value of which rule; built only when something has to be recognised."""

    def __init__(self, items: Iterable[KnownItem], metamodel: Metamodel) -> None:
        self._metamodel = metamodel
        self._keys: dict[tuple[Rule, str], set[str]] = defaultdict(set)
        self._faces: dict[str, list[tuple[CiClass, str, Mapping[str, AttributeValue]]]] = defaultdict(list)
        for item in items:
            for ci_class, name, attributes in _faces(item):
                self.add(item.key, ci_class, name, attributes)

    def add(self, key: str, ci_class: str, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        known = self._metamodel.classes.get(ci_class)
        if known is None:
            return
        self._faces[key].append((known, name, attributes))
        for rule in (*known.identity, *known.weak_identity):
            for value in traits(rule, name, attributes):
                self._keys[rule, value].add(key)

    def hits(self, rule: Rule, claim: Item) -> set[str]:
        values = traits(rule, claim.name, claim.attributes)
        return set().union(*(self._keys.get((rule, value), ()) for value in values))

    def contradicts(self, rule: Rule, claim: Item, key: str) -> bool:
        """Whether both sides know what the rule compares and say different things."""
        mine = traits(rule, claim.name, claim.attributes)
        if not mine:
            return False
        theirs: set[str] = set()
        for known, name, attributes in self._faces[key]:
            if rule in known.identity:
                theirs |= traits(rule, name, attributes)
        return bool(theirs) and mine.isdisjoint(theirs)


def _faces(item: KnownItem) -> Iterable[tuple[str, str, Mapping[str, AttributeValue]]]:
    """Yield what a CI is known by: what makes it, so that what only names it does not draw in more."""
    if not item.sightings:
        yield item.ci_class, item.name, item.attributes
        return
    for row in counted(item.sightings):
        yield row.ci_class, row.name, row.attributes


class _Recogniser:
    """One run of recognition."""

    def __init__(
        self, claims: Mapping[str, Item], estate: Estate, asker: Asker, metamodel: Metamodel
    ) -> None:
        self._claims = claims
        self._estate = estate
        self._asker = asker
        self._metamodel = metamodel
        self._native: dict[str, str] = {}
        self._own: dict[str, set[str]] = defaultdict(set)
        for item in estate.items.values():
            for row in item.sightings:
                if row.source == asker.source:
                    self._note_sighting(item, row.key, same_scope=row.scope == asker.scope)
        self._found = Identified()
        self._described: set[str] = set()
        self._taken = set(estate.items)
        self._held: _Index | None = None

    def _note_sighting(self, item: KnownItem, native: str, *, same_scope: bool) -> None:
        """After an interrupted move two CIs may hold one sighting: the described one has it."""
        before = self._native.get(native)
        if before is None or self._estate.items[before].is_placeholder:
            self._native[native] = item.key
        if same_scope:
            self._own[item.key].add(native)

    @property
    def _index(self) -> _Index:
        if self._held is None:
            self._held = _Index(self._estate.items.values(), self._metamodel)
        return self._held

    def run(self) -> Identified:
        ordered = sorted(self._claims)
        described = [native for native in ordered if not self._claims[native].mention]
        mentioned = [native for native in ordered if self._claims[native].mention]
        for native in ordered:
            if native in self._native:
                self._found.bindings[native] = Binding(self._native[native], NATIVE_KEY)
        self._bind_descriptions([native for native in described if native not in self._native])
        self._recheck(described)
        self._bind_mentions(mentioned)
        return self._found

    def _bind_descriptions(self, natives: Sequence[str]) -> None:
        matches = {native: self._match(self._claims[native]) for native in natives}
        rivals: dict[str, list[str]] = defaultdict(list)
        for native, match in matches.items():
            if isinstance(match, Binding):
                rivals[match.key].append(native)
        for native, match in matches.items():
            if isinstance(match, Binding) and len(rivals[match.key]) > 1:
                others = ", ".join(f"'{other}'" for other in rivals[match.key] if other != native)
                doubt = Doubt((match.key,), f"{others} of the same source fits it by {match.rule} as well")
                self._settle(native, None if match.weak else doubt)
            else:
                self._settle(native, match)
        for native in natives:
            claim, binding = self._claims[native], self._found.bindings[native]
            self._described.add(binding.key)
            if not binding.weak:
                self._index.add(binding.key, claim.ci_class, claim.name, claim.attributes)

    def _settle(self, native: str, match: Binding | Doubt | None) -> None:
        if isinstance(match, Binding):
            self._found.bindings[native] = match
            gone = [key for key in self._own[match.key] if key not in self._claims]
            if gone and self._asker.complete:
                self._found.rekeyed[native] = min(gone)
            return
        if isinstance(match, Doubt):
            self._found.doubts[native] = match
        self._found.bindings[native] = Binding(self._new_key(native), NATIVE_KEY, new=True)

    def _new_key(self, native: str) -> str:
        key, number = native, 1
        while key in self._taken:
            key = f"{self._asker.source}/{native}" + (f"~{number}" if number > 1 else "")
            number += 1
        self._taken.add(key)
        return key

    def _recheck(self, described: Sequence[str]) -> None:
        """Look again at known things that say something new: they may have been two CIs all along."""
        for native in described:
            key = self._native.get(native)
            if key is None:
                continue
            item, claim = self._estate.items[key], self._claims[native]
            row = self._sighting(native, key)
            if item.is_placeholder:
                self._describe_placeholder(native, key, row)
            elif row.weak or not _same_traits(row, claim, self._metamodel):
                self._look_again(native, key, row)
            else:
                self._found.bindings[native] = Binding(key, row.rule)
            self._described.add(self._found.bindings[native].key)

    def _describe_placeholder(self, native: str, key: str, row: Sighting) -> None:
        match = self._match(self._claims[native], without=frozenset({key}))
        self._found.bindings[native] = Binding(key, row.rule)
        if isinstance(match, Doubt):
            self._found.doubts[native] = match
        elif match is not None and not self._is_placeholder(match.key):
            self._found.bindings[native] = replace(match, left=key)

    def _look_again(self, native: str, key: str, row: Sighting) -> None:
        without = frozenset[str]() if row.weak else frozenset({key})
        match = self._match(self._claims[native], without=without, strong_only=True)
        self._found.bindings[native] = Binding(key, row.rule, row.weak)
        if isinstance(match, Doubt):
            self._found.doubts[native] = match
        elif match is not None and match.key == key:
            if not row.weak or self._is_proven(self._estate.items[key], self._claims[native]):
                self._found.bindings[native] = match
        elif match is not None:
            self._found.doubts[native] = Doubt((match.key,), f"it now fits another CI by {match.rule}")

    def _is_proven(self, item: KnownItem, claim: Item) -> bool:
        """Whether somebody else describes the CI by what a strong rule compares: no record is proof of itself."""
        own = (self._asker.source, claim.key)
        rows = (row for row in item.sightings if (row.source, row.key) != own)
        others = tuple(row for row in rows if not (row.weak or row.mention))
        index = _Index([replace(item, sightings=others)] if others else [], self._metamodel)
        return any(index.hits(rule, claim) for rule in self._metamodel.classes[claim.ci_class].identity)

    def _bind_mentions(self, natives: Sequence[str]) -> None:
        """Match all before any is bound: mentions do not find the placeholders of one another."""
        matches = {native: self._match_mention(native) for native in natives}
        for native, match in matches.items():
            if isinstance(match, Doubt):
                self._found.doubts[native] = match
            elif match is None:
                self._found.bindings[native] = Binding(self._new_key(native), NATIVE_KEY, new=True)
            else:
                known = self._native.get(native)
                self._found.bindings[native] = replace(match, left=known if known != match.key else None)

    def _match_mention(self, native: str) -> Binding | Doubt | None:
        """Return what a mention means; that of a placeholder moves to the CI that somebody describes by now."""
        key = self._native.get(native)
        if key is None:
            return self._match(self._claims[native])
        row = self._sighting(native, key)
        if self._is_placeholder(key):
            match = self._match(self._claims[native], without=frozenset({key}))
            if isinstance(match, Binding) and not self._is_placeholder(match.key):
                return match
        return Binding(key, row.rule, row.weak)

    def _sighting(self, native: str, key: str) -> Sighting:
        known = self._estate.items[key].sightings
        rows = (row for row in known if (row.source, row.key) == (self._asker.source, native))
        return min(rows, key=lambda row: (row.scope != self._asker.scope, row.scope))

    def _is_placeholder(self, key: str) -> bool:
        """A placeholder that something of this run describes is one no more."""
        item = self._estate.items.get(key)
        return item is not None and item.is_placeholder and key not in self._described

    def _match(
        self, claim: Item, *, without: frozenset[str] = frozenset(), strong_only: bool = False
    ) -> Binding | Doubt | None:
        known = self._metamodel.classes[claim.ci_class]
        strong = self._match_strong(claim, known, without)
        if strong is not None or strong_only:
            return strong
        return self._match_weak(claim, known, without)

    def _match_strong(self, claim: Item, known: CiClass, without: frozenset[str]) -> Binding | Doubt | None:
        hits = {
            rule: self._fitting(claim, self._index.hits(rule, claim) - without) for rule in known.identity
        }
        targets = self._likeliest(set().union(*hits.values()))
        if not targets:
            return None
        rule = next(rule for rule in known.identity if hits[rule] & targets)
        words = describe_rule(rule)
        if len(targets) > 1:
            return Doubt(
                _first(targets),
                f"several CIs fit by {words}"
                if len(hits[rule] & targets) > 1
                else "its rules point to different CIs",
            )
        (key,) = targets
        above = known.identity[: known.identity.index(rule)]
        if any(self._index.contradicts(better, claim, key) for better in above):
            return Doubt((key,), f"it fits by {words}, but a better rule says that it is another thing")
        return Binding(key, words)

    def _match_weak(self, claim: Item, known: CiClass, without: frozenset[str]) -> Binding | Doubt | None:
        hits = {
            rule: self._fitting(claim, self._index.hits(rule, claim) - without, weak=True)
            for rule in known.weak_identity
        }
        targets = {
            key
            for key in set().union(*hits.values())
            if not self._is_retired(key)
            and not any(self._index.contradicts(rule, claim, key) for rule in known.identity)
        }
        targets = self._likeliest(targets)
        if not targets:
            return None
        rule = next(rule for rule in known.weak_identity if hits[rule] & targets)
        if len(targets) > 1:
            return Doubt(_first(targets), f"several CIs fit weakly, the first by {describe_rule(rule)}")
        return Binding(next(iter(targets)), describe_rule(rule), weak=True)

    def _fitting(self, claim: Item, keys: set[str], *, weak: bool = False) -> set[str]:
        """Keep what the claim can be: of a class that fits, not ruled out, not told apart by the source itself."""
        return {key for key in keys if self._can_be(claim, key, weak=weak)}

    def _can_be(self, claim: Item, key: str, *, weak: bool) -> bool:
        if (claim.key, key) in self._asker.rejected:
            return False
        item = self._estate.items.get(key)
        if item is not None and not self._metamodel.may_be_one(claim.ci_class, item.ci_class):
            return False
        if claim.mention:
            return True
        # A source knows its own things apart: two of its keys are two things, unless it has given up one of them,
        # which a partial run cannot tell.
        stands = weak and not self._asker.complete
        others = (other for other in self._own_described(key) if other != claim.key)
        return not any(stands or other in self._claims for other in others)

    def _own_described(self, key: str) -> Iterable[str]:
        item = self._estate.items.get(key)
        rows = item.sightings if item is not None else ()
        return (
            row.key
            for row in rows
            if row.source == self._asker.source and row.scope == self._asker.scope and not row.mention
        )

    def _is_retired(self, key: str) -> bool:
        item = self._estate.items.get(key)
        return item is not None and item.retired

    def _likeliest(self, keys: set[str]) -> set[str]:
        """Described CIs come before placeholders, living before retired ones."""
        living = {key for key in keys if not self._is_retired(key)}
        described = {key for key in living if not self._is_placeholder(key)}
        left = described or living or keys
        # Among several that nobody describes none is likelier; placeholders come to what is described by themselves.
        return left if described or len(left) == 1 else set()


def describe_rule(rule: Rule) -> str:
    """Return how people read a rule."""
    return " and ".join(rule)


def _first(keys: set[str]) -> tuple[str, ...]:
    return tuple(sorted(keys)[:CANDIDATES])


def _same_traits(row: Sighting, claim: Item, metamodel: Metamodel) -> bool:
    """Whether the source says of the thing's identity what it said before."""
    if row.ci_class != claim.ci_class:
        return False
    rules = metamodel.classes[claim.ci_class].identity
    return all(row.attributes.get(name) == claim.attributes.get(name) for rule in rules for name in rule)
