"""What a nightly import need not know: whether its documents are all of their scope, and which scope that is."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cmdb.ingest.loaders import Asked
from cmdb.resources import folder
from tests.support.command_line import CommandLine
from tests.support.feeds import DAY, living
from tests.support.loader_answers import bundled_loaders
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench

TILL = "default/shop/deployment/till"


def sample(loader: str, name: str) -> Any:
    """Return a document of a loader's own samples."""
    return json.loads((folder("loaders") / loader / "samples" / name).read_bytes())


def cluster(*without: str) -> Any:
    """Return a whole cluster with some stock, without the objects of these kinds or names."""
    listed = sample("kubernetes", "cluster.json")
    listed["items"] += [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{number}", "namespace": "shop"}}
        for number in range(8)
    ]
    listed["items"] = [
        row for row in listed["items"] if not {row["kind"], row["metadata"]["name"]} & {*without}
    ]
    return listed


def catalogue(*names: str) -> list[Any]:
    """Return what the catalogue's API lists: these components and what it keeps of itself."""
    listed: list[Any] = sample("backstage", "page.json")["items"]
    kiosk = listed[0]
    return listed + [{**kiosk, "metadata": {**kiosk["metadata"], "name": name}} for name in names]


class Nights:
    """One store, into which documents are loaded night after night."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bench = Bench()
        self._late = timedelta(0)
        self._line = CommandLine(self._begun)

    async def _begun(self) -> Bench:
        """Begin anew over the same store: an application belongs to one event loop."""
        await asyncio.sleep(0)
        bench = Bench(self._bench.graph)
        bench.run_log.known_runs = self._bench.run_log.known_runs
        bench.run_log.known_feeds = self._bench.run_log.known_feeds
        bench.clock.moment = NOON + self._late
        return bench

    def load(self, loader: str, value: object, *options: str) -> Mapping[str, Any]:
        """Load a document; return the report of the run."""
        self._late += minutes(1)
        path = self._path / f"{loader}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        ran = self._line.run("load", loader, str(path), "-o", "json", *options)
        assert ran.error is None, ran.error
        report: Mapping[str, Any] = json.loads(ran.out)["load"]
        return report

    def week(self, loader: str, value: object, *options: str) -> Mapping[str, Any]:
        """Load it on four nights in nine days; return the last report."""
        for days in (1, 2, 3):
            self._late += days * DAY
            self.load(loader, value, *options)
        self._late += 3 * DAY
        return self.load(loader, value, *options)

    def feeds(self) -> set[tuple[str, str]]:
        """Return source and scope of all runs."""
        told = json.loads(self._line.run("sources", "-o", "json").out)["sources"]
        return {(row["source"], row["scope"]) for row in told}

    def living(self) -> set[str]:
        """Return the keys of all CIs that are not retired."""
        return living(self._bench)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_what_a_whole_cluster_no_longer_holds_is_retired(nights: Nights) -> None:
    assert nights.load("kubernetes", cluster())["complete"]
    assert TILL in nights.living()
    report = nights.week("kubernetes", cluster("till"))
    assert (report["complete"], TILL in nights.living()) == (True, False)


@pytest.mark.parametrize(
    "narrowed",
    [
        pytest.param(cluster("till", "kube-root-ca.crt"), id="a selection"),
        pytest.param(cluster("till", "Namespace"), id="one namespace"),
        pytest.param({**cluster("till"), "metadata": {"continue": "abc"}}, id="a page"),
        pytest.param(cluster("till")["items"], id="manifests"),
    ],
)
def test_a_part_of_a_cluster_retires_nothing(nights: Nights, narrowed: object) -> None:
    nights.load("kubernetes", cluster())
    report = nights.week("kubernetes", narrowed)
    assert (report["complete"], TILL in nights.living()) == (False, True)


def test_each_cluster_is_a_scope_so_that_one_does_not_retire_the_other(nights: Nights) -> None:
    for name in ("blue", "green"):
        assert nights.load("kubernetes", cluster(), "--set", f"cluster={name}")["complete"]
    assert nights.feeds() == {("kubernetes", "blue"), ("kubernetes", "green")}
    nights.week("kubernetes", cluster("till"), "--set", "cluster=blue")
    assert TILL.replace("default", "green") in nights.living()
    assert TILL.replace("default", "blue") not in nights.living()


def test_a_namespace_that_is_named_is_a_scope_of_its_own(nights: Nights) -> None:
    only = ("--set", "namespace=shop")
    assert nights.load("kubernetes", cluster("Namespace", "kube-system"), *only)["complete"]
    nights.week("kubernetes", cluster("Namespace", "kube-system", "till"), *only)
    assert nights.feeds() == {("kubernetes", "default/shop")}
    assert TILL not in nights.living()
    assert not nights.load("kubernetes", cluster("kube-root-ca.crt"), *only)["complete"]


def test_what_the_whole_catalogue_no_longer_lists_is_retired_by_no_part_of_it(nights: Nights) -> None:
    stock = [f"part{number}" for number in range(8)]
    nights.load("backstage", catalogue("till", *stock))
    components = [row for row in catalogue(*stock) if row["kind"] != "Location"]
    files = [{**row, "metadata": {**row["metadata"], "uid": None}} for row in catalogue(*stock)]
    page = {"items": catalogue(*stock), "totalItems": 40, "pageInfo": {"nextCursor": "abc"}}
    for part in (components, files, page):
        assert not nights.week("backstage", part)["complete"]
    assert "component:default/till" in nights.living()
    assert nights.week("backstage", catalogue(*stock))["complete"]
    assert "component:default/till" not in nights.living()


def test_a_whole_inventory_is_recognised_and_no_part_of_it_is(tmp_path: Path) -> None:
    loaders, path = bundled_loaders(), tmp_path / "netbox.json"

    def is_whole(value: object) -> bool:
        path.write_text(json.dumps(value), encoding="utf-8")
        asked = Asked()
        list(loaders.records("netbox", [str(path)], asked))
        return asked.completeness.whole

    pages = sample("netbox", "estate.json")
    assert is_whole(pages)
    left_out = {
        page["results"][0]["url"].split("/")[-3]: [row for row in pages if row is not page] for page in pages
    }
    # Nothing else counts or needs manufacturers.
    assert {name for name, part in left_out.items() if is_whole(part)} == {"manufacturers"}
    assert not is_whole([{**pages[0], "count": 2}, *pages[1:]]), "a page of several"
    assert not is_whole([*pages, pages[0]["results"][0]]), "a single object"


def test_who_loads_may_say_otherwise(nights: Nights) -> None:
    assert not nights.load("kubernetes", cluster(), "--coverage", "partial")["complete"]
    assert nights.load("kubernetes", cluster("Namespace"), "--coverage", "snapshot")["complete"]
    report = nights.load("kubernetes", cluster(), "--scope", "mine")
    assert (report["complete"], ("kubernetes", "mine") in nights.feeds()) == (True, True)
