"""Single things and lists of things, as they read in a terminal."""

from collections.abc import Iterable
from typing import Any

import pytest
from rich.console import Console, RenderableType

from cmdb.cli.listings import (
    show_change_list,
    show_events,
    show_fields,
    show_item,
    show_items,
    show_ticket,
    show_tickets,
)

AT = "2026-03-02T11:14:05+00:00"


def told(parts: Iterable[RenderableType]) -> str:
    """Return what a terminal of 200 columns shows, blanks folded."""
    console = Console(width=200, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        for part in parts:
            console.print(part)
    return " ".join(shown.get().split())


def ref(name: str, *, restricted: bool = False) -> dict[str, Any]:
    return {"key": name, "name": name, "class": "router", "restricted": restricted}


def item(**fields: Any) -> dict[str, Any]:
    health = {"effective": "MAJOR", "own": "OK", "inherited": "MAJOR"}
    bare = {"key": "k", "name": "N", "class": "router", "description": "", "attributes": [], "groups": []}
    return {**bare, "parties": [], "health": health, "source": "netbox", "recordedAt": AT, **fields}


def group(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "needUp": None, "needPercent": None, "trip": None, **fields}


def page(*nodes: Any, total: int | None = None) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes], "totalCount": len(nodes) if total is None else total}


def ticket(**fields: Any) -> dict[str, Any]:
    return {
        "key": "INC000001", "title": "Router down", "state": "IN_PROGRESS", "priority": 2, "supportGroup": "",
        "assignee": "", "causeItem": None, "items": [], "parent": None, "expectedResolutionAt": None,
        "expectedResolutionBasis": "", "resolvedAt": None, "notes": [], "openedAt": AT, **fields,
    }  # fmt: skip


def clock(**fields: Any) -> dict[str, Any]:
    bare = {"name": "RESPONSE", "elapsedSeconds": 5400, "targetSeconds": 3600, "state": "RUNNING"}
    return {**bare, "breached": False, "dueAt": AT, **fields}


def test_an_item_is_told_with_state_and_origin() -> None:
    shown = told(show_item(item(description="Free [red]text[/red].")))
    assert shown.startswith("N (router, key k) is major Free [red]text[/red].")
    assert "own state ok" in shown
    assert "inherited major" in shown
    assert "source netbox, 2026-03-02 11:14 UTC" in shown
    assert told(show_item(None)) == "nothing"


def test_attributes_and_parties_of_an_item_are_rows() -> None:
    attributes = [
        {"name": "ips", "value": ["a", "b"]},
        {"name": "cores", "value": 4},
        {"name": "on", "value": True},
    ]
    parties = [{"role": "OWNS", "party": {"name": "Ann"}}]
    shown = told(show_item(item(attributes=attributes, parties=parties)))
    for row in ("ips a, b", "cores 4", "on True", "owns Ann"):
        assert row in shown


@pytest.mark.parametrize(
    ("fields", "need"),
    [
        ({"needUp": 1}, "needs 1 up"),
        ({"needPercent": 50}, "needs 50 % up"),
        ({"trip": [1, 3]}, "trips at 1/3"),
    ],
)
def test_each_kind_of_need_is_told(fields: dict[str, Any], need: str) -> None:
    assert f"group wan {need}" in told(show_item(item(groups=[group("wan", **fields)])))


def test_a_page_that_holds_less_than_there_is_says_so() -> None:
    assert told(show_items(page(item(), total=7))).endswith("1 of 7; raise --first")
    whole = told(show_items(page(item())))
    assert "raise" not in whole
    assert "k N router major" in whole
    assert told(show_items(page())) == "nothing"


def test_an_event_names_its_item_or_why_it_has_none() -> None:
    bare = {"raisedAt": AT, "severity": "MINOR", "state": "OPEN", "condition": "fan", "count": 3}
    bound = {**bare, "item": ref("r1"), "summary": "stands"}
    hidden = {**bare, "item": ref("r2", restricted=True), "summary": ""}
    unbound = {**bare, "item": None, "summary": "", "binding": "no host fits"}
    assert "2026-03-02 11:14 r1 minor open fan: stands 3" in told(show_events(page(bound)))
    assert "11:14 restricted minor open fan 3" in told(show_events(page(hidden)))
    assert "11:14 no host fits minor open fan 3" in told(show_events(page(unbound)))


def test_changes_and_tickets_are_a_row_each() -> None:
    change = {"key": "C1", "start": None, "state": "PLANNED", "kind": "NORMAL", "title": "Patch"}
    shown = told(show_change_list(page({**change, "targets": [ref(name) for name in "abcd"]})))
    assert "C1 planned normal Patch a, b, c and 1 more" in shown
    rows = [ticket(supportGroup="network"), ticket(assignee="noor", supportGroup="network"), ticket()]
    shown = told(show_tickets(page(*rows)))
    assert shown.count("INC000001 2026-03-02 11:14 in_progress 2 Router down") == 3
    assert "Router down network INC000001" in shown
    assert "Router down noor INC000001" in shown


def test_a_ticket_shows_what_it_has_and_leaves_out_what_it_has_not() -> None:
    bare = told(show_ticket(ticket()))
    assert bare.startswith("INC000001 Router down")
    for field in ("with", "cause", "affected", "part of", "expected", "resolved", "holds"):
        assert f" {field} " not in bare
    full = told(
        show_ticket(
            ticket(
                supportGroup="network",
                assignee="noor",
                causeItem=ref("r1", restricted=True),
                items=[ref("a"), ref("b")],
                parent={"key": "INC000000"},
                expectedResolutionAt=AT,
                expectedResolutionBasis="of 3 like it",
                resolvedAt=AT,
                members=[{"key": "REP1"}, {"key": "REP2"}],
                notes=[{"at": AT, "author": "noor", "text": "On our way."}],
            )
        )
    )
    for row in (
        "with network / noor",
        "cause restricted",
        "affected a, b",
        "part of INC000000",
        "expected 2026-03-02 11:14 UTC (of 3 like it)",
        "resolved 2026-03-02 11:14",
        "holds REP1, REP2",
        "2026-03-02 11:14 noor On our way.",
    ):
        assert row in full


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "response 1.5 of 1.0 h, running, due 2026-03-02 11:14 UTC"),
        ({"breached": True}, "response 1.5 of 1.0 h, running, late, due 2026-03-02 11:14 UTC"),
        ({"state": "PAUSED"}, "response 1.5 of 1.0 h, paused"),
        ({"state": "STOPPED", "breached": True}, "response 1.5 of 1.0 h, stopped, late"),
        ({"dueAt": None}, "response 1.5 of 1.0 h, running"),
    ],
)
def test_a_clock_is_told_in_hours(fields: dict[str, Any], words: str) -> None:
    shown = told(show_ticket(ticket(clocks=[clock(**fields)])))
    assert f"{words} " in shown
    assert ("due" in words) == ("due" in shown)


def test_a_record_is_told_field_by_field_without_its_id() -> None:
    record = {
        "id": "secret",
        "item": ref("r1"),
        "targets": [ref("a"), ref("b")],
        "count": 0,
        "none": None,
        "empty": "",
    }
    shown = told(show_fields(record))
    for row in ("item r1", "targets a, b", "count 0"):
        assert row in shown
    for absent in ("secret", "none", "empty"):
        assert absent not in shown
