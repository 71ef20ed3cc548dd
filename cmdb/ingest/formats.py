"""The closed set of input formats, who reads each, and how its files end."""

from collections.abc import Mapping
from enum import StrEnum

from cmdb.ingest.csv_reader import read_csv, read_table
from cmdb.ingest.document import Reader
from cmdb.ingest.ini_reader import read_ini
from cmdb.ingest.json_reader import read_json, read_ndjson, read_yaml
from cmdb.ingest.mixed_reader import read_bill, read_inventory, read_metrics
from cmdb.ingest.nmap_reader import read_nmap
from cmdb.ingest.prometheus_reader import read_prometheus
from cmdb.ingest.text_reader import read_text
from cmdb.ingest.xml_reader import read_xml


class Format(StrEnum):
    """How a source writes its documents.

    JSON may be several values, YAML takes JSON too, TABLE is CSV, XLSX or rows as JSON, INVENTORY is INI, YAML or
    JSON, METRICS is Prometheus text, YAML or JSON, BILL is XML or JSON, XML and TEXT are for
    programs that know their way about it.
    """

    NDJSON = "ndjson"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    TABLE = "table"
    INI = "ini"
    XML = "xml"
    NMAP_XML = "nmap-xml"
    PROMETHEUS = "prometheus"
    METRICS = "metrics"
    INVENTORY = "inventory"
    BILL = "bill"
    TEXT = "text"


READERS: Mapping[Format, Reader] = {
    Format.NDJSON: read_ndjson,
    Format.JSON: read_json,
    Format.YAML: read_yaml,
    Format.CSV: read_csv,
    Format.TABLE: read_table,
    Format.INI: read_ini,
    Format.XML: read_xml,
    Format.NMAP_XML: read_nmap,
    Format.PROMETHEUS: read_prometheus,
    Format.METRICS: read_metrics,
    Format.INVENTORY: read_inventory,
    Format.BILL: read_bill,
    Format.TEXT: read_text,
}

_JSON = frozenset({".json", ".ndjson", ".jsonl", ".tfstate"})

SUFFIXES: Mapping[Format, frozenset[str] | None] = {
    Format.NDJSON: frozenset({".ndjson", ".jsonl", ".json"}),
    Format.JSON: _JSON,
    Format.YAML: _JSON | {".yaml", ".yml"},
    Format.CSV: frozenset({".csv", ".tsv"}),
    Format.TABLE: frozenset({".csv", ".tsv", ".xlsx", ".json", ".ndjson", ".jsonl"}),
    Format.INI: frozenset({".ini", ".cfg", ".inventory", ""}),
    Format.XML: frozenset({".xml"}),
    Format.NMAP_XML: frozenset({".xml"}),
    Format.PROMETHEUS: frozenset({".prom", ".txt", ".metrics"}),
    Format.METRICS: _JSON | {".yaml", ".yml", ".prom", ".txt", ".metrics"},
    Format.INVENTORY: None,
    Format.BILL: _JSON | {".xml"},
    Format.TEXT: frozenset({".txt", ".raw", ".log", ".out"}),
}
"""Endings of the files that are taken from a folder, None for all: a host's name may end like anything.

A file that is named is read whatever its ending.
"""
