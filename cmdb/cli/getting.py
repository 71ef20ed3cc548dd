"""`cmdb get`: one thing by its reference, or a list of things."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cmdb.cli.client import Json, root
from cmdb.cli.listings import (
    show_change_list,
    show_events,
    show_fields,
    show_item,
    show_items,
    show_ticket,
    show_tickets,
)
from cmdb.cli.questions import FORMAT, First
from cmdb.cli.session import Output, Render, Session, answer, write
from cmdb.errors import CmdbError, ErrorCode, NotFound

_LISTS: Mapping[str, Render] = {
    "items": show_items,
    "services": show_items,
    "events": show_events,
    "changes": show_change_list,
    "tickets": show_tickets,
}
_SINGLES: Mapping[str, tuple[str, Render]] = {
    "get": ("ref", show_item),
    "ticket": ("key", show_ticket),
    "change": ("key", show_fields),
    "event": ("key", show_fields),
}


def get(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="; ".join(["A reference", *_LISTS]))],
    first: First = 20,
    unbound: Annotated[
        bool, typer.Option("--unbound", help="Of events only those whose item is not found yet.")
    ] = False,
    output: Output = FORMAT,
) -> None:
    """Show an item, ticket, change or event, or list items, services, events, changes or tickets."""
    if ref in _LISTS:
        asked: dict[str, object] = {"first": first}
        if unbound and ref == "events":
            asked["filter"] = {"bound": False, "states": ["OPEN"]}
        answer(context, ref, asked, output, _LISTS[ref])
        return
    operation, found = _find(context.obj, ref)
    write(found, output, _SINGLES[operation][1])


def _find(session: Session, ref: str) -> tuple[str, Json]:
    """Return what has this reference; items come first, because only they have names."""
    for operation, (variable, _) in _SINGLES.items():
        try:
            found = session.ask(operation, {variable: ref})
        except CmdbError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            continue
        if root(found) is not None:
            return operation, found
    raise NotFound(
        ErrorCode.NOT_FOUND,
        f"No item, ticket, change or event is called '{ref}'.",
        hint=f"Look for it with: cmdb search {ref}",
    )
