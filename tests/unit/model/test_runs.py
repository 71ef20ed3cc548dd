"""What names feeds and reviews, and which CIs are only named by sources."""

import pytest

from cmdb.model.provenance import Sighting
from cmdb.model.runs import Feed, KnownItem, Review, review_key
from tests.support.moments import NOON


def says(*, mention: bool, retired: bool = False) -> Sighting:
    return Sighting(
        source="lldp",
        scope="s",
        key="sw",
        ci_class="switch",
        name="sw",
        rule="name",
        mention=mention,
        retired=retired,
    )


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ((), False),
        ((says(mention=True),), True),
        ((says(mention=False),), False),
        ((says(mention=True), says(mention=False)), False),
        ((says(mention=True), says(mention=False, retired=True)), True),
    ],
    ids=["recorded directly", "named", "described", "both", "its description was given up"],
)
def test_a_placeholder_is_what_sources_only_name(sightings: tuple[Sighting, ...], expected: bool) -> None:
    known = KnownItem(key="sw", ci_class="switch", name="sw", sightings=sightings)
    assert known.is_placeholder is expected


def test_a_scope_of_a_source_is_one_feed_whoever_holds_it() -> None:
    free, held = Feed(source="netbox", scope="eu"), Feed(source="netbox", scope="eu", holder="x", token=7)
    assert free.key == held.key
    others = {Feed(source="netbox", scope="us").key, Feed(source="nautobot", scope="eu").key}
    assert free.key not in others
    assert len(others) == 2


def test_a_thing_of_a_source_has_one_review_whichever_scope_saw_it() -> None:
    review = Review(
        source="netbox",
        scope="eu",
        native="dcim.device:7",
        name="web",
        candidates=("a",),
        reason="doubt",
        opened_at=NOON,
    )
    assert review.key == review_key("netbox", "dcim.device:7")
    assert review.key != review_key("netbox", "dcim.device:8")
    assert review.key != review_key("ansible", "dcim.device:7")
