"""Reads sources that write the same facts in several formats: the beginning of a file says which it is."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator

from pydantic_core import from_json

from cmdb.ingest.document import Bytes, Document, Joined, Remark
from cmdb.ingest.ini_reader import read_ini
from cmdb.ingest.json_reader import read_json, read_yaml
from cmdb.ingest.prometheus_reader import read_prometheus
from cmdb.ingest.xml_reader import read_xml

_LOOKED_AT = 1 << 16
"""Bytes from which the format is told; comments may stand before the first line that tells."""

_METRIC = re.compile(
    rb"# (HELP|TYPE) |[A-Za-z_:]([A-Za-z0-9_:]*[A-Za-z0-9_])?(\{\w+=|[ \t]+[-+]?([0-9.]|Inf|NaN))"
)
_YAML = re.compile(rb"---|\{|[\w.\"' -]+:(\s|$)|- ")


def read_metrics(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield the samples of Prometheus text, else what JSON or YAML holds."""
    head = stream.read(_LOOKED_AT)
    rest = Joined(head, stream)
    lines = (line for line in head.splitlines() if line.strip())
    telling = (line for line in lines if not line.startswith(b"#") or _METRIC.match(line))
    read = read_prometheus if _METRIC.match(next(telling, b"")) else read_yaml
    yield from read(rest, source, remark)


def read_inventory(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield what JSON or YAML holds, else the sections of INI."""
    head = stream.read(_LOOKED_AT)
    rest = Joined(head, stream)
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and line[0] not in b"#;"), b"")
    read = read_yaml if _YAML.match(first) or _is_list(first) else read_ini
    yield from read(rest, source, remark)


def read_bill(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield the elements of XML, else what JSON holds."""
    head = stream.read(_LOOKED_AT)
    read = read_xml if head.removeprefix(BOM_UTF8).lstrip().startswith(b"<") else read_json
    yield from read(Joined(head, stream), source, remark)


def _is_list(line: bytes) -> bool:
    """Whether a line that starts with a bracket begins a list of JSON, not a section of INI."""
    if not line.startswith(b"["):
        return False
    if line == b"[":
        return True
    try:
        from_json(line, allow_partial=True)
    except ValueError:
        return False
    return line != b"[]" and not re.fullmatch(rb"\[\w+\]", line)
