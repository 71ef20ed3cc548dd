"""Reads nmap's XML output as one JSON object per scan, keeping what identifies hosts and open ports."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark
from cmdb.ingest.xml_text import Truncated, feed_xml

_LISTS = {"address": "addresses", "hostname": "hostnames", "port": "ports", "osmatch": "os"}
"""Elements that occur several times in a host, and what their list is called."""

_PARTS = {"status", "state", "service", "osclass"}
"""Elements that are kept as an object inside what they stand in."""


@dataclass(slots=True)
class _Scan:
    """Collects hosts while the document is fed."""

    source: str
    hosts: list[dict[str, object]] = field(default_factory=list)
    finished: dict[str, str] | None = None
    _root: str | None = None
    _open: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        if self._root is None:
            self._root = tag
            if tag != "nmaprun":
                raise _not_nmap(f"The root element is '{tag}', not 'nmaprun'.", self.source)
        if tag == "host":
            self._open = [(tag, {name: [] for name in _LISTS.values()})]
        elif tag == "finished":
            self.finished = attributes
        elif self._open:
            self._keep(tag, dict(attributes))

    def _keep(self, tag: str, values: dict[str, object]) -> None:
        owner = self._open[-1][1]
        if tag in _LISTS:
            rows = self._open[0][1][_LISTS[tag]]
            if isinstance(rows, list):
                rows.append(values)
            self._open.append((tag, values))
        elif tag in _PARTS:
            owner.setdefault(tag, values)

    def end(self, tag: str) -> None:
        """Take a closing tag; a host counts once it is complete."""
        if not self._open or self._open[-1][0] != tag:
            return
        _, values = self._open.pop()
        if tag == "host":
            self.hosts.append(values)


def read_nmap(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield one document `{"hosts": [...]}`; a scan that was broken off gives its complete hosts and a remark."""
    scan = _Scan(source)
    whole = True
    try:
        feed_xml(stream, source, scan)
    except Truncated:
        if not scan.hosts:
            raise
        whole = False
    if not whole or scan.finished is None or scan.finished.get("exit") == "error":
        remark(f"{source}: the scan did not finish; its {len(scan.hosts)} complete hosts are taken.")
    yield Document({"hosts": scan.hosts}, 1)


def _not_nmap(message: str, source: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SYNTAX, message, hint="Give a file written by 'nmap -oX'.", place=Place(source)
    )
