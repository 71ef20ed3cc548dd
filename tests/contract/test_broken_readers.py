"""Sources that fail while they are read, at every place where they can: nothing goes, and the next load is whole."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import stamina

from cmdb.application.application import Application
from cmdb.application.runs import RunReport, RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, StoreError
from cmdb.ingest.loaders import Asked, Loaders
from cmdb.ingest.samples import expected, samples_of
from cmdb.ports.bolt_source import Access
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.store import Store
from tests.support.loader_answers import bundled_loaders
from tests.support.moments import StandingClock
from tests.support.page_server import Source, serve_pages
from tests.support.small_estate import METAMODEL

LOADERS = bundled_loaders()
SAMPLES = [
    (loader.name, sample)
    for loader in LOADERS.list_loaders()
    for sample in samples_of(loader)
    if "error" not in expected(loader)[sample.name]
]
PLACES = 40
PAGES = 5

DECLARED = """
title: T
format: json
coverage: snapshot
scope: All.
fetch: curl.
statements:
  hosts: {cypher: MATCH (h) RETURN h}
"""
PROGRAM = """
(.results // [.row])[]
| {kind: "item", key: .name, class: "server", name: .name, attributes: {role}},
  (select(.on) | {kind: "dependency", consumer: .name, verb: "DEPENDS_ON", provider: .on})
"""


class BreakingOff:
    """A stream that fails when it is asked for more than there is, as a buffered file does on a broken disk."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or fail."""
        return self._take(size)

    def readline(self, size: int, /) -> bytes:
        """Return a line, or the part of it that fits the size, or fail."""
        end = self._content.find(b"\n", self._at) + 1
        return self._take(min(size, end - self._at) if end else size)

    def _take(self, size: int) -> bytes:
        if size > len(self._content) - self._at:
            raise OSError(5, "Input/output error")
        found = self._content[self._at : self._at + size]
        self._at += size
        return found


@pytest.mark.parametrize(("loader", "sample"), SAMPLES, ids=lambda part: getattr(part, "name", part))
def test_no_reader_takes_a_stream_that_breaks_off_for_its_end(loader: str, sample: Path) -> None:
    content = sample.read_bytes()
    lines = [place + 1 for place, byte in enumerate(content) if byte == 10]
    spread = range(0, len(content), max(1, len(content) // PLACES))
    for end in sorted({*spread, *lines[:: max(1, len(lines) // PLACES)], len(content)}):
        with pytest.raises(OSError, match="Input/output error"):
            LOADERS.load_stream(loader, BreakingOff(content[:end]), sample.name, lambda _: None)


class Site:
    """Pages of hosts that each stand on the one before, and the loading of them into a store."""

    def __init__(self, store: Store, source: Source, home: Path) -> None:
        self.source = source
        folder = home / "paged"
        folder.mkdir()
        (folder / "loader.yaml").write_text(DECLARED, encoding="utf-8")
        (folder / "map.jq").write_text(PROGRAM, encoding="utf-8")
        self._loaders = Loaders(home, METAMODEL)
        self._application = Application(store, store, METAMODEL, StandingClock(), store.run_log)
        self.heal()

    def heal(self) -> None:
        """Serve all pages."""
        for number in range(PAGES):
            following = f"{self.source.url}/{number + 1}" if number + 1 < PAGES else None
            self.source.page(f"/{number}", {"next": following, "results": hosts(number)})

    async def load(self, path: str, bolt: "Rows | None" = None) -> RunReport:
        """Read all, then make a complete run of it, as `cmdb load` does."""
        located = list(self._loaders.records("paged", [path], Asked(bolt=bolt)))
        return await self._application.load_run(
            SYSTEM, RunRequest(source="paged", located=located, complete=True)
        )


def hosts(page: int) -> list[dict[str, str]]:
    """Return three hosts."""
    numbers = range(page * 3, page * 3 + 3)
    return [{"name": f"h{n}", "role": "web"} | ({"on": f"h{n - 1}"} if n else {}) for n in numbers]


class Rows:
    """A graph that fails before a row."""

    def __init__(self, end: int | None = None) -> None:
        self._end = end

    def rows(self, address: str, access: Access, statement: str) -> Iterator[Mapping[str, object]]:
        """Yield the hosts one by one."""
        del address, access, statement
        for number, host in enumerate(host for page in range(PAGES) for host in hosts(page)):
            if number == self._end:
                raise StoreError(ErrorCode.STORE_GONE, "gone")
            yield host
        if self._end is not None:
            raise StoreError(ErrorCode.STORE_GONE, "gone")


FAILURES = {
    "error": lambda _: (500, {}, b""),
    "refused": lambda _: (403, {}, b"{}"),
    "torn": lambda _: (200, {}, json.dumps({"results": hosts(0)}).encode()[:-9]),
    "elsewhere": lambda _: (302, {"location": "http://other.invalid/"}, b""),
}


async def test_a_source_that_fails_at_any_page_or_row_changes_nothing_and_the_next_load_is_whole(
    store: Store, store_address: StoreAddress, tmp_path: Path
) -> None:
    with serve_pages() as source, stamina.set_testing(True, attempts=1):
        site = Site(store, source, tmp_path)
        start = f"{source.url}/0"
        first = await site.load(start)
        assert first.counts == {"items.created": 3 * PAGES, "dependencies.created": 3 * PAGES - 1}
        async with open_connection(store_address) as connection:
            before, head = await canonical_hash(connection), await store.head()
            for failure in FAILURES.values():
                for number in range(PAGES):
                    site.heal()
                    source.pages[f"/{number}"] = failure
                    with pytest.raises(CmdbError):
                        await site.load(start)
            for row in range(3 * PAGES + 1):
                with pytest.raises(StoreError):
                    await site.load("bolt://graph", Rows(row))
            assert (await canonical_hash(connection), await store.head()) == (before, head)
            site.heal()
            for path in (start, "bolt://graph"):
                again = await site.load(path, Rows())
                assert {count.partition(".")[2] for count in again.counts} == {"unchanged"}
            assert (await canonical_hash(connection), await store.head()) == (before, head)
