"""Reads CIs, events, changes, tickets and parties by key and by keyset page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from cmdb.application.lookup import find_place
from cmdb.application.requests import ItemFilter, Page, PageRequest
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import sees_secrets
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import AssignedParty, ItemView
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import Change, Event, Item, Party, Ticket
from cmdb.ports.graph import PageKey, RecordFilter, RecordReader, Stored

T = TypeVar("T", Event, Change, Ticket, Party)


class Catalogue:
    """The use cases behind lists and look-ups."""

    def __init__(self, reader: RecordReader, metamodel: Metamodel) -> None:
        """Details come from the store, order and visibility from memory."""
        self._reader = reader
        self._metamodel = metamodel

    async def items(
        self, snapshot: Snapshot, principal: Principal, query: ItemFilter, page: PageRequest
    ) -> Page[ItemView]:
        """Return a page of CIs by key; the sorted keys in memory make it cheap on every engine."""
        places = self._fitting(snapshot, principal, query)
        keys = snapshot.topology.keys
        after = page.after[0] if page.after else None
        rest = [place for place in places if after is None or keys[place] > after]
        chosen = [keys[place] for place in rest[: page.first]]
        views = [view for view in await self.items_by_key(snapshot, principal, chosen) if view is not None]
        return Page(
            rows=tuple(views),
            positions=tuple((view.item.key,) for view in views),
            has_more=len(rest) > page.first,
            total=len(places),
        )

    def _fitting(self, snapshot: Snapshot, principal: Principal, query: ItemFilter) -> list[int]:
        topology, mask = snapshot.topology, snapshot.mask(principal)
        classes = self._with_subclasses(query.classes)
        text = query.text.casefold() if query.text else None

        def fits(place: int) -> bool:
            key, name = topology.keys[place], topology.names[place]
            return (
                (mask is None or bool(mask[place]))
                and (classes is None or topology.classes[place] in classes)
                and (not query.services_only or bool(snapshot.is_service[place]))
                and (text is None or text in name.casefold() or text in key.casefold())
                and (query.min_severity is None or snapshot.effective[place] >= query.min_severity)
                and (query.subscribed_by is None or query.subscribed_by in snapshot.subscribers.get(key, ()))
            )

        return sorted(filter(fits, range(len(topology.keys))), key=lambda place: topology.keys[place])

    def _with_subclasses(self, classes: frozenset[str] | None) -> frozenset[str] | None:
        if classes is None:
            return None
        unknown = sorted(classes - self._metamodel.classes.keys())
        if unknown:
            raise InvalidInput(
                ErrorCode.UNKNOWN_CLASS,
                f"There is no CI class '{unknown[0]}'.",
                hint="The field `ciClasses` lists the declared ones.",
            )
        return frozenset(
            name
            for name in self._metamodel.classes
            if any(self._metamodel.is_a(name, wanted) for wanted in classes)
        )

    async def items_by_key(
        self, snapshot: Snapshot, principal: Principal, keys: Sequence[str]
    ) -> list[ItemView | None]:
        """Return the CIs in the order of the keys, None for what is hidden or absent; one read for all."""
        wanted = [key for key in dict.fromkeys(keys) if snapshot.sees(principal, key)]
        stored = await self._reader.records(principal, RecordKind.ITEM, wanted) if wanted else []
        views = {row.record.key: self._view(snapshot, principal, row) for row in stored}
        return [views.get(key) for key in keys]

    async def find_item(self, snapshot: Snapshot, principal: Principal, reference: str) -> ItemView | None:
        """Return the CI with this key or unique name."""
        key = snapshot.topology.keys[find_place(snapshot, principal, reference)]
        return (await self.items_by_key(snapshot, principal, [key]))[0]

    def _view(self, snapshot: Snapshot, principal: Principal, stored: Stored) -> ItemView | None:
        item = stored.record
        if not isinstance(item, Item) or item.key not in snapshot.topology.index:
            return None
        place = snapshot.topology.index[item.key]
        assigned = snapshot.assigned_at.get(item.key, ())
        return ItemView(
            item=item if sees_secrets(principal) else without_secrets(item, self._metamodel),
            ref=snapshot.ref(place),
            health=snapshot.health(place),
            parties=tuple(
                AssignedParty(party=snapshot.parties[row.party], role=row.role)
                for row in sorted(assigned, key=lambda row: row.key)
                if row.party in snapshot.parties
            ),
            source=stored.source,
            recorded_at=stored.recorded_at,
            revision=stored.revision,
        )

    async def events(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Event]:
        """Return a page of events, newest first."""
        return await self._page(
            principal, RecordKind.EVENT, query, page, (Event, lambda event: event.raised_at)
        )

    async def changes(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Change]:
        """Return a page of changes, newest first, those that have no time yet last."""
        return await self._page(
            principal, RecordKind.CHANGE, query, page, (Change, lambda change: change.start)
        )

    async def tickets(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Ticket]:
        """Return a page of tickets, newest first."""
        return await self._page(
            principal, RecordKind.TICKET, query, page, (Ticket, lambda ticket: ticket.opened_at)
        )

    async def _page(
        self,
        principal: Principal,
        kind: RecordKind,
        query: RecordFilter,
        page: PageRequest,
        shape: tuple[type[T], Callable[[T], datetime | None]],
    ) -> Page[T]:
        record_type, time_of = shape
        after = _page_key(page.after)
        stored = await self._reader.page(principal, kind, query, after, page.first + 1)
        rows = [row.record for row in stored if isinstance(row.record, record_type)]
        shown = tuple(rows[: page.first])
        return Page(
            rows=shown,
            positions=tuple(_position(time_of(row), row.key) for row in shown),
            has_more=len(rows) > page.first,
            total=await self._reader.count(principal, kind, query),
        )

    async def by_key(
        self, principal: Principal, kind: RecordKind, record_type: type[T], keys: Sequence[str]
    ) -> list[T | None]:
        """Return records in the order of the keys, None for what is hidden or absent."""
        stored = await self._reader.records(principal, kind, list(dict.fromkeys(keys))) if keys else []
        found: Mapping[str, T] = {
            row.record.key: row.record for row in stored if isinstance(row.record, record_type)
        }
        return [found.get(key) for key in keys]


def without_secrets(item: Item, metamodel: Metamodel) -> Item:
    """Return the CI without the attributes that its class declares secret, whoever says them."""
    shown = _shown(item.ci_class, item.attributes, metamodel)
    seen = tuple(
        row if row.attributes == kept else replace(row, attributes=kept)
        for row in item.sightings
        for kept in (_shown(row.ci_class, row.attributes, metamodel),)
    )
    if len(shown) == len(item.attributes) and seen == item.sightings:
        return item
    return replace(item, attributes=shown, sightings=seen)


def _shown(
    ci_class: str, attributes: Mapping[str, AttributeValue], metamodel: Metamodel
) -> dict[str, AttributeValue]:
    known = metamodel.classes.get(ci_class)
    declared = known.attributes if known else {}
    return {
        name: value for name, value in attributes.items() if name not in declared or not declared[name].secret
    }


def _position(at: datetime | None, key: str) -> tuple[str, str]:
    return (at.isoformat() if at else "", key)


def _page_key(after: tuple[str, ...] | None) -> PageKey | None:
    if after is None:
        return None
    try:
        at, key = after
        return PageKey(datetime.fromisoformat(at) if at else None, key)
    except ValueError as error:
        raise InvalidInput(
            ErrorCode.BAD_CURSOR,
            "The cursor does not belong to this list.",
            hint="Start again without a cursor.",
        ) from error
