"""Single values read well in a terminal."""

from typing import Any

import pytest

from cmdb.cli.words import margin, moment, names, path, score, severity, verdict


def ref(name: str, *, restricted: bool = False) -> dict[str, Any]:
    return {"key": name, "name": name, "class": "router", "restricted": restricted}


def step(consumer: str, provider: str) -> dict[str, Any]:
    return {"consumer": ref(consumer), "provider": ref(provider)}


def test_a_path_reads_from_the_service_to_its_origin() -> None:
    assert path([step("Finance", "VPN"), step("VPN", "edge router 1")]) == "Finance -> VPN -> edge router 1"
    assert path([]) == ""


def test_hidden_items_have_no_name_and_long_lists_are_counted() -> None:
    assert names([ref("a"), ref("b", restricted=True)]) == "a, restricted"
    assert names([ref(name) for name in "abcde"]) == "a, b, c and 2 more"


@pytest.mark.parametrize(("tripped", "told"), [(True, "tripped"), (False, "holds")])
def test_a_verdict_counts_what_is_up_and_needed(told: str, *, tripped: bool) -> None:
    held = {"group": "lines", "weight": 3, "weightUp": 1, "weightNeeded": 2, "tripped": tripped}
    assert verdict({"step": step("VPN", "line 1"), "verdict": held}) == (
        f"VPN: 1 of 3 lines up, 2 needed, {told}"
    )


@pytest.mark.parametrize(
    ("survives", "exact", "told"),
    [
        (None, True, ""),
        (0, True, "one more failure takes it down (x)"),
        (2, True, "survives 2 more"),
        (2, False, "survives at least 2 more"),
    ],
)
def test_margin_says_what_holds(survives: int | None, exact: bool, told: str) -> None:
    assert (
        margin({"survives": survives, "exact": exact, "nextFailures": [ref("x")], "nextFailureCount": 1})
        == told
    )


def test_values_are_short() -> None:
    assert moment("2026-03-02T11:14:59.123+00:00") == "2026-03-02 11:14"
    assert moment(None) == ""
    assert score(0.5759) == "0.58"
    assert (severity("CRITICAL").plain, severity("CRITICAL").style) == ("critical", "bold red")


def test_what_is_counted_and_not_named_is_told() -> None:
    held = {"survives": 0, "exact": True, "nextFailures": [ref("x"), ref("y")], "nextFailureCount": 30}
    assert margin(held) == "one more failure takes it down (x, y and 28 others)"
