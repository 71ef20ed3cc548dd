"""Whom to believe, as declared."""

from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode
from cmdb.metamodel.classes import read_classes
from cmdb.metamodel.sources import read_precedence
from cmdb.model.metamodel import Precedence
from cmdb.resources import folder

CLASSES = read_classes(folder("schema") / "classes")
TIERS = "tiers:\n  - [records]\n  - [netbox, csv]\n  - [nmap, '*']\n  - [prometheus]\n"


def read(tmp_path: Path, text: str) -> Precedence:
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    return read_precedence(path, CLASSES)


def test_a_source_ranks_by_its_tier_and_an_unnamed_one_where_the_star_stands(tmp_path: Path) -> None:
    rank = read(tmp_path, TIERS).rank
    assert [rank(source) for source in ("records", "netbox", "csv", "nmap", "prometheus")] == [0, 1, 1, 2, 3]
    assert rank("home-grown") == rank("nmap")


def test_experts_stand_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, TIERS + "attributes:\n  server:\n    os: [ansible, nmap]\n    role: [netbox]\n")
    assert found.attributes == {("server", "os"): ("ansible", "nmap"), ("server", "role"): ("netbox",)}


def test_the_shipped_declaration_believes_people_most() -> None:
    shipped = read_precedence(folder("schema") / "sources.yaml", CLASSES)
    assert shipped.rank("records") < min(shipped.rank(name) for name in shipped.tiers if name != "records")
    assert shipped.rank("home-grown") == shipped.others


@pytest.mark.parametrize(
    ("text", "code", "field", "says"),
    [
        ("tiers:\n  - [a]\n  - ['*', a]\n", ErrorCode.DECLARATION, "tiers", "'a' stands in two tiers"),
        ("tiers:\n  - [a]\n", ErrorCode.DECLARATION, "tiers", "No tier holds"),
        (TIERS + "attributes:\n  sever:\n    os: [a]\n", ErrorCode.UNKNOWN_CLASS, "", "'sever'"),
        (
            TIERS + "attributes:\n  server:\n    oss: [a]\n",
            ErrorCode.UNKNOWN_ATTRIBUTE,
            "oss",
            "no attribute",
        ),
        (TIERS + "attributes:\n  server:\n    os: [a, a]\n", ErrorCode.DECLARATION, "os", "twice"),
        ("tiers:\n  - ['*', a, a]\n", ErrorCode.DECLARATION, "tiers", "twice"),
        (TIERS + "ranks: []\n", ErrorCode.DECLARATION, "ranks", "no field"),
    ],
)
def test_a_fault_names_file_field_and_what_to_do(
    tmp_path: Path, text: str, code: ErrorCode, field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        read(tmp_path, text)
    found = caught.value
    assert says in found.message
    assert found.hint
    assert found.place is not None
    assert (found.place.source, found.place.field or "") == ("schema/sources.yaml", field)
    assert found.code is code
