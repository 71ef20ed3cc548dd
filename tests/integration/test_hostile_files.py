"""Hostile files are refused with a code, in bounded time and memory, without any connection; their harmless twins load.

Each pair runs in a process of its own, where memory is bounded and connecting is an error.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.workbooks import sheet, workbook

MEMORY = 200 << 20
"""Bytes by which reading may grow the process."""

SECONDS = 2

RUN = """
import json, resource, socket, sys, time
from cmdb.cli.app import build_cli
from cmdb.errors import CmdbError
from tests.support.loader_answers import bundled_loaders

def refuse(*_):
    raise AssertionError("a connection was tried")

socket.socket.connect = socket.getaddrinfo = refuse
loaders = bundled_loaders()
list(loaders.records(sys.argv[1], [sys.argv[3]]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
try:
    found = {"records": sum(1 for _ in loaders.records(sys.argv[1], [sys.argv[2]]))}
except CmdbError as error:
    found = {"code": error.code.value, "hint": error.hint}
found["seconds"] = time.process_time() - began
found["grown"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(json.dumps(found))
"""

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
ROW = [["class", "name"], ["server", "a"]]
MANY = ",".join(f"c{number}" for number in range(1_000_000)).encode()
LAUGHS = b"".join(
    b"x%d: &x%d [%s]\n" % (n, n, b", ".join([b"*x%d" % (n - 1)] * 10 if n else [b"ha"] * 10))
    for n in range(12)
)
ENTITIES = b'<!DOCTYPE nmaprun [<!ENTITY a "ha">%s]><nmaprun>&z;</nmaprun>' % b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(25)
)
SCAN = b"<?xml version='1.0'?><!DOCTYPE nmaprun><nmaprun><runstats><finished exit='success'/></runstats></nmaprun>"


def bomb() -> bytes:
    return workbook(ROW, {"xl/media/zeros.bin": b"\0" * (1 << 28)})


def far_cell() -> bytes:
    return workbook(
        ROW, {"xl/worksheets/sheet1.xml": sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}
    )


def declared() -> bytes:
    rows = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + sheet("")
    return workbook(ROW, {"xl/worksheets/sheet1.xml": rows})


CASES: dict[str, tuple[str, str, Callable[[], bytes], str, bytes | None]] = {
    "YAML aliases": (
        "kubernetes",
        "f.yaml",
        lambda: POD + LAUGHS,
        "HOSTILE_DOCUMENT",
        POD + b"a: &a [1]\nb: *a\n",
    ),
    "YAML nesting": (
        "kubernetes",
        "f.yaml",
        lambda: POD + b"a: " + b"[" * 100_000,
        "HOSTILE_DOCUMENT",
        POD + b"a: [[[1]]]\n",
    ),
    "YAML objects": (
        "kubernetes",
        "f.yaml",
        lambda: POD + b"a: !!python/object/apply:os.system [id]\n",
        "SYNTAX",
        POD,
    ),
    "entity bomb": ("nmap", "f.xml", lambda: ENTITIES, "HOSTILE_DOCUMENT", SCAN),
    "outside entity": (
        "nmap",
        "f.xml",
        lambda: b'<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "http://192.0.2.1/x">]><nmaprun>&a;</nmaprun>',
        "HOSTILE_DOCUMENT",
        SCAN,
    ),
    "outside document type": (
        "nmap",
        "f.xml",
        lambda: b'<!DOCTYPE nmaprun SYSTEM "http://192.0.2.1/x.dtd"><nmaprun/>',
        "HOSTILE_DOCUMENT",
        SCAN,
    ),
    "XML nesting": ("nmap", "f.xml", lambda: b"<nmaprun>" + b"<a>" * 200_000, "HOSTILE_DOCUMENT", SCAN),
    "XLSX bomb": ("csv", "f.xlsx", bomb, "HOSTILE_DOCUMENT", workbook(ROW)),
    "XLSX of a far cell": ("csv", "f.xlsx", far_cell, "TOO_LARGE", workbook(ROW)),
    "XLSX entities": ("csv", "f.xlsx", declared, "HOSTILE_DOCUMENT", workbook(ROW)),
    "XLSX cut off": ("csv", "f.xlsx", lambda: workbook(ROW)[:400], "SYNTAX", workbook(ROW)),
    "a million columns": ("csv", "f.csv", lambda: MANY + b"\n", "TOO_LARGE", b"class,name\nserver,a\n"),
    "many short columns": (
        "csv",
        "f.csv",
        lambda: MANY[:1_000_000] + b"\n",
        "TOO_LARGE",
        b"class,name\nserver,a\n",
    ),
    "NUL": ("csv", "f.csv", lambda: b"class,name\nserver,a\0b\n", "SYNTAX", b"class,name\nserver,a\n"),
    "UTF-16 table": (
        "csv",
        "f.csv",
        lambda: "class,name\nserver,ä\n".encode("utf-16"),
        "SYNTAX",
        "class,name\nserver,ä\n".encode(),
    ),
    "UTF-16 JSON": (
        "netbox",
        "f.json",
        lambda: '{"results": []}'.encode("utf-16"),
        "SYNTAX",
        b'{"results": []}',
    ),
    "JSON nesting": ("netbox", "f.json", lambda: b"[" * 1_000_000, "SYNTAX", b'{"results": []}'),
    "JSON nesting in a stream": (
        "netbox",
        "f.json",
        lambda: b'{"results": []}' + b'{"a":' * 500_000,
        "HOSTILE_DOCUMENT",
        b'{"results": []}',
    ),
    "an endless line": (
        "records",
        "f.ndjson",
        lambda: b'{"kind": "item", "key": "' + b"x" * (1 << 26),
        "TOO_LARGE",
        b"\n",
    ),
    "an endless text in JSON": (
        "netbox",
        "f.json",
        lambda: b'{"results": "' + b"x" * (1 << 26),
        "TOO_LARGE",
        b'{"results": []}',
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_hostile_file_is_refused_and_its_harmless_twin_is_not(
    tmp_path: Path, case: tuple[str, str, Callable[[], bytes], str, bytes]
) -> None:
    loader, name, hostile, code, harmless = case
    bad, good = tmp_path / name, tmp_path / f"good_{name}"
    bad.write_bytes(hostile())
    good.write_bytes(harmless)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, loader, str(bad), str(good)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found.get("code") == code, found
    assert found["hint"]
    assert found["grown"] < MEMORY
