"""The closed set of input formats and who reads each."""

from collections.abc import Mapping
from enum import StrEnum

from cmdb.ingest.csv_reader import read_csv
from cmdb.ingest.document import Reader
from cmdb.ingest.json_reader import read_json, read_ndjson, read_yaml
from cmdb.ingest.nmap_reader import read_nmap


class Format(StrEnum):
    """How a source writes its documents; YAML takes JSON too."""

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
