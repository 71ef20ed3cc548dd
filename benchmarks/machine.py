"""Says on what a measurement was made, and how busy the machine was."""

import os
import platform
import sqlite3
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

QUIET = 0.5
"""Above this load average figures are marked: something else ran beside them."""

_PACKAGES = (
    "numpy",
    "neo4j",
    "neo4j-rust-ext",
    "arcadedb-embedded",
    "strawberry-graphql",
    "graphql-core",
    "orjson",
    "apsw",
    "httptools",
    "starlette",
    "uvicorn",
    "networkx",
    "rustworkx",
    "scipy",
)


def load_average() -> float:
    """Return the load of the last minute."""
    return round(os.getloadavg()[0], 2)


def describe_machine() -> dict[str, str | int]:
    """Return processor, cores, memory and system, nothing that names the machine."""
    cpu = _line(Path("/proc/cpuinfo"), "model name") or platform.processor()
    memory = _line(Path("/proc/meminfo"), "MemTotal").split()
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 0,
        "memory_gib": round(int(memory[0]) / 2**20) if memory else 0,
        "system": f"{platform.system()} {platform.machine()}",
    }


def describe_versions() -> dict[str, str]:
    """Return the releases that were measured."""
    found = {"python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu_seconds() -> float:
    """Return the processor time of this process and all its children so far."""
    return time.process_time() + sum(_cpu_of(pid) for pid in family()[1:])


def family() -> list[int]:
    """Return this process and its living descendants."""
    found = [os.getpid()]
    for pid in found:
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in _read(listed).split()]
    return found


def resident_bytes(pid: int | None = None) -> int:
    """Return the memory that a process holds now."""
    return int(_line(Path(f"/proc/{pid or os.getpid()}/status"), "VmRSS").split()[0]) * 1024


def _cpu_of(pid: int) -> float:
    told = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK") if told else 0.0


def _line(path: Path, name: str) -> str:
    lines = (line.partition(":") for line in _read(path).splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
