"""What a run would do: the present and the claims of a source become steps; nothing is read, nothing is written.

The plan does not depend on the order of the claims. What it does when it is carried out twice it does once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.desk.drift import (
    FieldDrift,
    detected_change,
    drift_of_dependency,
    drift_of_item,
    is_explained,
)
from cmdb.desk.feed_voice import Voice, firmness, in_order
from cmdb.desk.guard import Figures, objections
from cmdb.desk.identity import Asker, Binding, Identified, identify
from cmdb.desk.run_assignments import ended_assignments
from cmdb.desk.run_claims import Claims, native_items
from cmdb.desk.run_steps import DependencyStep, ItemStep, RunFrame, RunPlan, sighting_key
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import DependencySighting, Sighting
from cmdb.model.records import Assignment, Change, Dependency, EntryRecord, EventTransition, Party, Ticket
from cmdb.model.runs import Estate, KnownItem, Review, ReviewState, Triple, review_key
from cmdb.model.subject import Subject
from cmdb.model.windows import Window

MISSES = 3
"""Complete runs in a row that must miss a thing before it is retired."""

PATIENCE = timedelta(days=7)
"""How long it must have been missed as well."""

_SENT: Mapping[type[EntryRecord], str] = {
    EventTransition: "events",
    Change: "changes",
    Ticket: "tickets",
    Window: "windows",
    Party: "parties",
    Assignment: "assignments",
}
"""How the counts call records that are sent on as they are."""


def plan_run(
    claims: Claims,
    frame: RunFrame,
    estate: Estate,
    metamodel: Metamodel,
    reviews: Mapping[str, Review],
    changes_at: Mapping[str, Sequence[Change]],
) -> RunPlan:
    """Plan what the claims make of the estate; `reviews` by key say what people have decided."""
    rejected = {
        (review.native, key)
        for review in reviews.values()
        if review.source == frame.source
        for key in review.rejected
    }
    asker = Asker(source=frame.source, scope=frame.scope, complete=frame.complete, rejected=rejected)
    found = identify(claims.items, estate, asker, metamodel)
    planner = _Planner(claims, frame, estate, metamodel, found)
    planner.plan_items()
    planner.plan_dependencies()
    planner.plan_others()
    planner.plan_reviews(reviews)
    planner.plan_changes(changes_at)
    planner.judge()
    return planner.plan


class _Planner:
    """The parts of one plan, in the order in which they build on each other."""

    def __init__(
        self, claims: Claims, frame: RunFrame, estate: Estate, metamodel: Metamodel, found: Identified
    ) -> None:
        self.plan = RunPlan()
        self._claims = claims
        self._frame = frame
        self._estate = estate
        self._metamodel = metamodel
        self._found = found
        self._known: Mapping[str, KnownItem] | None = None
        self._drift: dict[str, list[FieldDrift]] = defaultdict(list)
        self._given_up_for = {old: new for new, old in found.rekeyed.items()}
        self._voice = Voice(frame.source, frame.scope)
        self._mine = 0
        self._my_edges = 0

    # --- CIs -----------------------------------------------------------------------------------------------------

    def plan_items(self) -> None:
        for native in sorted(self._claims.items):
            binding = self._found.bindings.get(native)
            if binding is None:
                self.plan.counts["items.unbound"] += 1
                continue
            self._plan_item(native, binding)
        self._plan_known_items()

    def _plan_item(self, native: str, binding: Binding) -> None:
        claim = self._claims.items[native]
        after = self._voice.item(claim, binding)
        item = self._estate.items.get(binding.key)
        before = self._voice.heard(item, native)
        if before == after and item is not None and (after.retired or not item.retired):
            self.plan.counts["items.unchanged"] += 1
            return
        self._step(binding.key).puts.append(after)
        self._step(binding.key).born = item is None and all(
            row.retired for row in self._step(binding.key).puts
        )
        self._count_item(item, before, after, binding)
        if before is not None and item is not None and not before.retired:
            self._drift[binding.key] += drift_of_item(before, after, self._metamodel)

    def _count_item(
        self, item: KnownItem | None, before: Sighting | None, after: Sighting, binding: Binding
    ) -> None:
        named = f"{binding.key} ({after.ci_class})"
        if item is None:
            self._tell(
                "items.created", f"{named} {'named' if after.mention else 'described'} as '{after.key}'"
            )
        elif before is None:
            how = "weakly by" if binding.weak else "by"
            self._tell("items.bound", f"{named} is '{after.key}' {how} {binding.rule}")
        else:
            self._tell("items.updated", named)
        if item is not None and item.retired and not after.retired:
            self._tell("items.revived", named)

    def _plan_known_items(self) -> None:
        """What the run knows elsewhere by now leaves its old CI; what a complete run does not name is missed."""
        for item in self._estate.items.values():
            for row in item.sightings:
                if row.source == self._frame.source:
                    self._plan_known(item, row)

    def _plan_known(self, item: KnownItem, row: Sighting) -> None:
        binding = self._found.bindings.get(row.key)
        if binding is not None and binding.key != item.key:
            self._step(item.key).drops.add(sighting_key(row))
            if row.scope != self._frame.scope:
                self._step(binding.key).puts.append(row)
            self._tell("items.moved", f"'{row.key}': {item.key} -> {binding.key} by {binding.rule}")
        if row.scope != self._frame.scope or row.retired:
            return
        self._mine += 1
        if row.key in self._claims.items or not self._frame.complete:
            return
        successor = self._given_up_for.get(row.key)
        if successor is not None and self._found.bindings[successor].key == item.key:
            self._step(item.key).drops.add(sighting_key(row))
            self._tell("items.rekeyed", f"{item.key}: '{row.key}' -> '{successor}'")
        else:
            self._miss_item(item, row)

    def _miss_item(self, item: KnownItem, row: Sighting) -> None:
        since = row.missed_since or self._frame.started_at
        retired = self._is_over(since)
        after = replace(row, missed_since=since, retired=retired)
        if after == row:
            self.plan.counts["items.still_missed"] += 1
            return
        self._step(item.key).puts.append(after)
        self._tell("items.retired" if retired else "items.missed", f"{item.key} ('{row.key}')")

    def _is_over(self, since: datetime) -> bool:
        misses = 1 + sum(since <= start < self._frame.started_at for start in self._frame.complete_starts)
        return misses >= MISSES and self._frame.started_at - since >= PATIENCE

    # --- dependencies --------------------------------------------------------------------------------------------

    def plan_dependencies(self) -> None:
        wanted = self._wanted()
        for triple, held in self._estate.dependencies.items():
            mine = self._my_rows(row for _, rows in held for row in rows)
            self._my_edges += bool(mine)
            if triple in wanted:
                self._plan_dependency(triple, mine, wanted.pop(triple), known=True)
            elif mine and self._frame.complete:
                self._miss_dependency(triple, mine)
        for triple in sorted(wanted):
            self._plan_dependency(triple, (), wanted[triple], known=False)

    def _wanted(self) -> dict[Triple, tuple[DependencySighting, ...]]:
        """Return what the run says of each pair of CIs; several records of a pair and group become the firmest."""
        found: dict[Triple, dict[str | None, DependencySighting]] = {}
        for claim in self._claims.dependencies:
            consumer, provider = self._ci(claim.consumer), self._ci(claim.provider)
            why_not = self._why_not(claim, consumer, provider)
            if consumer is None or provider is None or why_not:
                self.plan.counts[f"dependencies.{why_not}"] += 1
                continue
            rows = found.setdefault((consumer, claim.verb, provider), {})
            if not claim.ended:
                row = self._voice.dependency(claim)
                held = rows.get(claim.group)
                rows[claim.group] = row if held is None else max(row, held, key=firmness)
        return {triple: in_order(rows.values()) for triple, rows in found.items()}

    def _why_not(self, claim: Dependency, consumer: str | None, provider: str | None) -> str:
        """Return as the counts call it why a claim joins no two CIs; empty when it does."""
        if consumer is None or provider is None:
            return "unbound"
        if consumer == provider:
            return "within_one_item"
        gone = self._is_gone(claim.consumer) or self._is_gone(claim.provider)
        return "of_retired" if gone and not claim.ended else ""

    def _is_gone(self, native: str) -> bool:
        """Whether the source says that it is no more; what it does not say now counts as it stands."""
        if native in self._claims.items:
            return self._claims.items[native].retired
        known = self._known_by(native)
        return known is not None and known.retired

    def _my_rows(self, rows: Iterable[DependencySighting]) -> tuple[DependencySighting, ...]:
        source, scope = self._frame.source, self._frame.scope
        mine = [row for row in rows if row.source == source and row.scope == scope]
        return in_order(mine)

    def _plan_dependency(
        self,
        triple: Triple,
        before: tuple[DependencySighting, ...],
        after: tuple[DependencySighting, ...],
        *,
        known: bool,
    ) -> None:
        if before == after:
            self.plan.counts["dependencies.unchanged"] += bool(after)
            return
        self._step_dependency(triple, after)
        words = f"{triple[0]} {triple[1]} {triple[2]}"
        if not before:
            self._tell("dependencies.asserted" if known else "dependencies.created", words)
            self._note_dependency_drift(triple, gone=False)
        elif not after:
            self._tell("dependencies.ended", words)
            self._note_dependency_drift(triple, gone=True)
        else:
            self._tell("dependencies.updated", words)

    def _miss_dependency(self, triple: Triple, before: tuple[DependencySighting, ...]) -> None:
        since = min((row.missed_since for row in before if row.missed_since), default=self._frame.started_at)
        words = f"{triple[0]} {triple[1]} {triple[2]}"
        if self._is_over(since):
            self._step_dependency(triple, ())
            self._tell("dependencies.ended", words)
            self._note_dependency_drift(triple, gone=True)
            return
        after = tuple(replace(row, missed_since=since) for row in before)
        if after == before:
            self.plan.counts["dependencies.still_missed"] += 1
            return
        self._step_dependency(triple, after)
        self._tell("dependencies.missed", words)

    def _note_dependency_drift(self, triple: Triple, *, gone: bool) -> None:
        """Only a consumer that the source described before and describes now can have drifted."""
        item = self._estate.items.get(triple[0])
        if item is None or item.retired:
            return
        natives = [row.key for row in item.sightings if self._describes(row)]
        if any(native in self._claims.items for native in natives):
            self._drift[triple[0]].append(drift_of_dependency(triple, gone=gone))

    def _describes(self, row: Sighting) -> bool:
        mine = (row.source, row.scope) == (self._frame.source, self._frame.scope)
        return mine and not (row.mention or row.retired or row.weak)

    # --- the rest ------------------------------------------------------------------------------------------------

    def plan_others(self) -> None:
        for entry in self._claims.others:
            mapped = self._mapped(entry)
            if mapped is None:
                self.plan.counts["others.unbound"] += 1
            else:
                self.plan.counts[f"{_SENT[type(mapped)]}.sent"] += 1
                self.plan.others.append(mapped)
        described = {
            key.key for native, key in self._found.bindings.items() if not self._claims.items[native].mention
        }
        gone = {key for key, step in self.plan.items.items() if any(row.retired for row in step.puts)}
        for row in ended_assignments(self._frame, self._estate, described | gone, self.plan.others):
            self._tell("assignments.ended", row.key)
            self.plan.others.append(row)

    def _mapped(self, entry: EntryRecord) -> EntryRecord | None:
        """Return the record with CI keys in place of the source's own; None when none of them is bound."""
        match entry:
            case EventTransition(item=""):
                return entry
            case EventTransition():
                # Kept as its subject, the source's key may be bound later, and the event's own key stays the same.
                subject = entry.subject or Subject(reference=entry.item)
                return replace(entry, item=self._ci(entry.item) or "", subject=subject)
            case Assignment():
                item = self._ci(entry.item)
                return replace(entry, item=item) if item is not None else None
            case Change():
                loose = tuple(
                    Subject(reference=native) for native in entry.targets if self._ci(native) is None
                )
                return replace(entry, targets=self._cis(entry.targets), subjects=entry.subjects + loose)
            case Window() | Ticket():
                return replace(entry, items=self._cis(entry.items))
        return entry

    def _cis(self, natives: Sequence[str]) -> tuple[str, ...]:
        found = (self._ci(native) for native in natives)
        return tuple(dict.fromkeys(key for key in found if key is not None))

    def _ci(self, native: str) -> str | None:
        binding = self._found.bindings.get(native)
        if binding is not None:
            return binding.key
        if native in self._claims.items:
            return None
        known = self._known_by(native)
        return known.key if known is not None else None

    def _known_by(self, native: str) -> KnownItem | None:
        if self._known is None:
            self._known = native_items(self._frame.source, self._estate)
        return self._known.get(native)

    def plan_reviews(self, reviews: Mapping[str, Review]) -> None:
        for native, doubt in sorted(self._found.doubts.items()):
            binding = self._found.bindings.get(native)
            before = reviews.get(review_key(self._frame.source, native))
            review = Review(
                source=self._frame.source,
                scope=self._frame.scope,
                native=native,
                name=self._claims.items[native].name,
                item=binding.key if binding is not None else None,
                candidates=doubt.candidates,
                reason=doubt.reason,
                opened_at=before.opened_at if before is not None else self._frame.started_at,
                rejected=before.rejected if before is not None else (),
            )
            if before is None or before.state is not ReviewState.OPEN or before != review:
                self.plan.reviews.append(review)
                self._tell(
                    "reviews.opened", f"'{native}' may be {', '.join(doubt.candidates)}: {doubt.reason}"
                )

    def plan_changes(self, changes_at: Mapping[str, Sequence[Change]]) -> None:
        at = self._frame.started_at
        for key, fields in sorted(self._drift.items()):
            if not fields or is_explained(at, changes_at.get(key, ())):
                continue
            ordered = sorted(fields, key=lambda row: row.field)
            name = self._estate.items[key].name
            self._step(key).change = detected_change(self._frame.source, key, name, at, ordered)
            self._tell("changes.detected", f"{key}: " + "; ".join(map(str, ordered[:3])))

    def judge(self) -> None:
        counts = self.plan.counts
        self.plan.objections = objections(
            Figures(
                complete=self._frame.complete,
                named=len(self._claims.items),
                known_items=self._mine,
                known_edges=self._my_edges,
                known_assignments=len(self._frame.assignments),
                lost_items=counts["items.missed"] + counts["items.retired"],
                lost_edges=counts["dependencies.missed"] + counts["dependencies.ended"],
                lost_assignments=counts["assignments.ended"],
                rekeyed=counts["items.rekeyed"],
            )
        )

    def _step(self, key: str) -> ItemStep:
        return self.plan.items.setdefault(key, ItemStep(key))

    def _step_dependency(self, triple: Triple, rows: tuple[DependencySighting, ...]) -> None:
        self.plan.dependencies[triple] = DependencyStep(triple, self._frame.source, self._frame.scope, rows)

    def _tell(self, outcome: str, words: str) -> None:
        self.plan.counts[outcome] += 1
        self.plan.lines.append(f"{outcome}: {words}")
