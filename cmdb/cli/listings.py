"""Single things and lists of things as tables."""

from collections.abc import Callable
from typing import Any

from rich.text import Text

from cmdb.cli.answers import Cell, Rendered, table
from cmdb.cli.words import Json as Part
from cmdb.cli.words import moment, name, names, severity


def show_item(item: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    """A CI with state, attributes, redundancy groups and parties."""
    if item is None:
        yield "nothing"
        return
    health = item["health"]
    yield Text.assemble(
        f"{item['name']} ({item['class']}, key {item['key']}) is ", severity(health["effective"])
    )
    if item["description"]:
        yield item["description"]
    rows = [(row["name"], _plain(row["value"])) for row in item["attributes"]]
    rows += [(f"group {row['name']}", _need(row)) for row in item["groups"]]
    rows += [(row["role"].lower(), row["party"]["name"]) for row in item["parties"]]
    rows += [("own state", health["own"].lower()), ("inherited", health["inherited"].lower())]
    rows += [("source", f"{item['source']}, {moment(item['recordedAt'])} UTC")]
    yield table(["field", "value"], rows)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _need(group: Part) -> str:
    if group["needUp"] is not None:
        return f"needs {group['needUp']} up"
    if group["needPercent"] is not None:
        return f"needs {group['needPercent']} % up"
    return f"trips at {group['trip'][0]}/{group['trip'][1]}"


def show_items(page: Any) -> Rendered:  # noqa: ANN401 - as above
    """CIs or services of one page."""
    yield from _page(page, ["key", "name", "class", "state"], _item_row)


def _item_row(row: Part) -> list[Cell]:
    return [row["key"], row["name"], row["class"], severity(row["health"]["effective"])]


def show_events(page: Any) -> Rendered:  # noqa: ANN401 - as above
    """Events of one page."""
    yield from _page(page, ["raised (UTC)", "item", "severity", "state", "what", "times"], _event_row)


def _event_row(row: Part) -> list[Cell]:
    return [
        moment(row["raisedAt"]),
        name(row["item"]) if row["item"] else row.get("binding", ""),
        severity(row["severity"]),
        row["state"].lower(),
        f"{row['condition']}: {row['summary']}" if row["summary"] else row["condition"],
        str(row["count"]),
    ]


def show_change_list(page: Any) -> Rendered:  # noqa: ANN401 - as above
    """Changes of one page."""
    yield from _page(page, ["change", "start (UTC)", "state", "kind", "title", "on"], _change_row)


def _change_row(row: Part) -> list[Cell]:
    return [
        row["key"],
        moment(row["start"]),
        row["state"].lower(),
        row["kind"].lower(),
        row["title"],
        names(row["targets"]),
    ]


def show_tickets(page: Any) -> Rendered:  # noqa: ANN401 - as above
    """Tickets of one page."""
    yield from _page(page, ["ticket", "opened (UTC)", "state", "prio", "title", "with"], _ticket_row)


def _ticket_row(row: Part) -> list[Cell]:
    return [
        row["key"],
        moment(row["openedAt"]),
        row["state"].lower(),
        str(row["priority"]),
        row["title"],
        row["assignee"] or row["supportGroup"] or "",
    ]


def _page(page: Part, headings: list[str], row: Callable[[Part], list[Cell]]) -> Rendered:
    yield table(headings, (row(edge["node"]) for edge in page["edges"]))
    shown, total = len(page["edges"]), page["totalCount"]
    if shown < total:
        yield f"{shown} of {total}; raise --first"


def show_ticket(ticket: Any) -> Rendered:  # noqa: ANN401 - as above
    """A ticket with its events and work notes."""
    yield f"{ticket['key']} {ticket['title']}"
    due = f"{moment(ticket['expectedResolutionAt'])} UTC ({ticket['expectedResolutionBasis']})"
    rows = [
        ("state", ticket["state"].lower()),
        ("priority", str(ticket["priority"])),
        ("with", " / ".join(filter(None, [ticket["supportGroup"], ticket["assignee"]]))),
        ("cause", name(ticket["causeItem"]) if ticket["causeItem"] else ""),
        ("affected", names(ticket["items"], limit=10)),
        ("part of", ticket["parent"]["key"] if ticket["parent"] else ""),
        ("expected", due if ticket["expectedResolutionAt"] else ""),
        ("resolved", moment(ticket["resolvedAt"])),
        ("holds", ", ".join(member["key"] for member in ticket.get("members", ()))),
        *((clock["name"].lower(), _clock(clock)) for clock in ticket.get("clocks", ())),
    ]
    yield table(["field", "value"], (row for row in rows if row[1]))
    yield table(
        ["note (UTC)", "by", "text"], ([moment(n["at"]), n["author"], n["text"]] for n in ticket["notes"])
    )


def _clock(clock: Part) -> str:
    used, target = (clock[name] for name in ("elapsedSeconds", "targetSeconds"))
    spent = (
        f"{used / 3600:.1f} of {target / 3600:.1f} h"
        if target >= 3600
        else f"{used // 60:.0f} of {target // 60:.0f} min"
    )
    late = ", late" if clock["breached"] else ""
    due = f", due {moment(clock['dueAt'])} UTC" if clock["state"] == "RUNNING" and clock["dueAt"] else ""
    return f"{spent}, {clock['state'].lower()}{late}{due}"


def show_fields(record: Any) -> Rendered:  # noqa: ANN401 - as above
    """A change or event, field by field."""
    rows = [(field, _field(value)) for field, value in record.items() if field != "id"]
    yield table(["field", "value"], (row for row in rows if row[1]))


def _field(value: object) -> str:
    if isinstance(value, dict):
        return name(value)
    if isinstance(value, list):
        return names(value, limit=10)
    return "" if value is None else str(value)
