"""The closed set of input formats, who reads each, and how its files end."""

from collections.abc import Mapping
from enum import StrEnum

from cmdb.ingest.csv_reader import read_csv
from cmdb.ingest.document import Reader
from cmdb.ingest.json_reader import read_json, read_ndjson, read_yaml
from cmdb.ingest.nmap_reader import read_nmap


class Format(StrEnum):
    """How a source writes its documents; JSON may be several values, YAML takes JSON too."""

    NDJSON = "ndjson"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    NMAP_XML = "nmap-xml"


READERS: Mapping[Format, Reader] = {
    Format.NDJSON: read_ndjson,
    Format.JSON: read_json,
    Format.YAML: read_yaml,
    Format.CSV: read_csv,
    Format.NMAP_XML: read_nmap,
}

_JSON = frozenset({".json", ".ndjson", ".jsonl", ".tfstate"})

SUFFIXES: Mapping[Format, frozenset[str]] = {
    Format.NDJSON: frozenset({".ndjson", ".jsonl", ".json"}),
    Format.JSON: _JSON,
    Format.YAML: _JSON | {".yaml", ".yml"},
    Format.CSV: frozenset({".csv", ".tsv"}),
    Format.NMAP_XML: frozenset({".xml"}),
}
"""Endings of the files that are taken from a folder; a file that is named is read whatever its ending."""
