"""`python -m benchmarks`: measures, writes one JSON file a workload, then the tables of docs/benchmarks.md."""

import argparse
import sys

from benchmarks.engines import ENGINES, open_engine, serve
from benchmarks.estate import SIZES, Estate, estate, outside_bands, reaches, samples
from benchmarks.footprint import measure_footprint
from benchmarks.kernel import measure_kernel
from benchmarks.loading import fill, measure_loading, open_driver
from benchmarks.machine import QUIET, load_average
from benchmarks.outcome import Result, write_result
from benchmarks.questions import measure_changes, measure_impact
from benchmarks.report import write_report
from benchmarks.rivals import Rival
from cmdb.store.connection import StoreAddress

WORKLOADS = ("footprint", "loading", "kernel", "impact", "changes")
LOADED = {"embedded": {"loading", "impact", "changes"}, "neo4j": {"loading", "kernel", "impact", "changes"}}
"""What is measured on which engine."""

SEED = 1


def main() -> None:
    """Run what was asked for; a loaded machine is refused unless `--busy` says to measure and mark."""
    asked = _arguments()
    if load_average() > QUIET and not asked.busy:
        sys.exit(f"load {load_average()} is above {QUIET}: wait, or give --busy to mark the figures as such")
    made = estate(SEED, asked.size)
    _refuse_unlike(made)
    only = set(asked.only or WORKLOADS)
    if "footprint" in only:
        _record("footprint", asked.size, measure_footprint(made))
    for engine in asked.engines:
        _measure_on(engine, made, asked.size, only)
    write_report()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="S", help="10 k, 100 k or 1 M CIs")
    parser.add_argument("--only", nargs="*", choices=WORKLOADS, help="leave the other workloads out")
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument(
        "--busy", action="store_true", help="measure on a busy machine, and say so in the results"
    )
    return parser.parse_args()


def _refuse_unlike(made: Estate) -> None:
    reached = reaches(made.topology(grouped=False), samples(made, 50))
    for name, found in reached.items():
        print(f"reach of {name}: {sorted(found)[len(found) // 2]} in the middle, {max(found)} at most")
    if unlike := outside_bands(made, reached):
        sys.exit("the estate is unlike real ones: " + "; ".join(unlike))


def _measure_on(engine: str, made: Estate, size: str, only: set[str]) -> None:
    """Load one engine and ask it; the rivals that speak Cypher are on Neo4j, so the kernel is measured beside it."""
    if not only & LOADED[engine]:
        return
    with open_engine(engine) as address:
        if address is None:
            return
        if "loading" in only:
            _record(f"loading-{engine}", size, measure_loading(made, address))
        else:
            fill(made, address)
        with open_driver(address) as driver:
            rival = (driver, address.database) if engine == "neo4j" else None
            if "kernel" in only & LOADED[engine]:
                _record("kernel", size, measure_kernel(made, rival))
            if only & {"impact", "changes"}:
                _ask(engine, made, size, only, address, rival)


def _ask(
    engine: str, made: Estate, size: str, only: set[str], address: StoreAddress, rival: Rival | None
) -> None:
    with serve(address) as port:
        if "impact" in only:
            _record(f"impact-{engine}", size, measure_impact(made, port, rival))
        if "changes" in only:
            _record(f"changes-{engine}", size, measure_changes(made, port))


def _record(name: str, size: str, measured: Result) -> None:
    print(f"wrote {write_result(name, size, measured).name}", flush=True)


if __name__ == "__main__":
    main()
