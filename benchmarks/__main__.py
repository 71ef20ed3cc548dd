"""`python -m benchmarks`: measures, writes one JSON file a workload, then the tables of docs/benchmarks.md."""

import argparse
import sys

from benchmarks.answers import measure_answers
from benchmarks.engines import ENGINES, open_engine, serve
from benchmarks.estate import SIZES, Estate, estate, outside_bands, reaches, samples
from benchmarks.footprint import measure_footprint
from benchmarks.inbox import measure_inbox
from benchmarks.kernel import measure_kernel
from benchmarks.loading import fill, measure_loading, measure_reading, open_driver
from benchmarks.machine import QUIET, load_average
from benchmarks.outcome import Result, measured_today, write_result
from benchmarks.parts import LOADED_SIZES, OURS, RIVALS, WORKLOADS, names_of
from benchmarks.questions import measure_changes, measure_impact
from benchmarks.report import write_report
from benchmarks.rivals import Rival
from cmdb.store.connection import StoreAddress

SEED = 1


def main() -> None:
    """Run what was asked for; a loaded machine is refused unless `--busy` says to measure and mark."""
    asked = _arguments()
    if load_average() > QUIET and not asked.busy:
        sys.exit(f"load {load_average()} is above {QUIET}: wait, or give --busy to mark the figures as such")
    made = estate(SEED, asked.size)
    _refuse_unlike(made)
    engines = asked.engines if asked.size in LOADED_SIZES else []
    todo = names_of(asked.only or WORKLOADS, engines)
    if asked.resume:
        todo -= measured_today(asked.size)
    if "footprint" in todo:
        _record("footprint", asked.size, measure_footprint(made))
    if "graphql" in todo:
        _record("graphql", asked.size, measure_answers(made))
    for engine in engines:
        todo -= _measure_on(engine, made, asked.size, todo)
    if "kernel" in todo:
        _record("kernel", asked.size, measure_kernel(made, None))
    write_report()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="S", help="10 k, 100 k or 1 M CIs")
    parser.add_argument("--only", nargs="*", choices=WORKLOADS, help="measure these parts alone")
    parser.add_argument("--resume", action="store_true", help="leave out what was measured today")
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


def _measure_on(engine: str, made: Estate, size: str, todo: set[str]) -> set[str]:
    """Load one engine as far as it is needed and ask it; return what was measured, none where it cannot be had."""
    only = {part for part in WORKLOADS if f"{part}-{engine}" in todo}
    if engine == "neo4j":
        only |= {"kernel"} & todo
    rivals = only & RIVALS if engine == "neo4j" else set()
    if not only:
        return set()
    with open_engine(engine) as address:
        if address is None:
            return set()
        if "loading" in only:
            _record(f"loading-{engine}", size, measure_loading(made, address))
        else:
            fill(made, address, ours=bool(only & OURS), plain=bool(rivals))
        if "reading" in only:
            _record(f"reading-{engine}", size, measure_reading(made, address))
        with open_driver(address) as driver:
            rival = (driver, address.database) if rivals else None
            if "kernel" in only:
                _record("kernel", size, measure_kernel(made, rival))
            if only & {"impact", "changes", "inbox"}:
                _ask(engine, made, size, only, address, rival)
    return names_of(only, [engine])


def _ask(
    engine: str, made: Estate, size: str, only: set[str], address: StoreAddress, rival: Rival | None
) -> None:
    with serve(address) as port:
        if "impact" in only:
            _record(f"impact-{engine}", size, measure_impact(made, port, rival))
        if "changes" in only:
            _record(f"changes-{engine}", size, measure_changes(made, port))
        if "inbox" in only and (measured := measure_inbox(port)) is not None:
            _record(f"inbox-{engine}", size, measured)


def _record(name: str, size: str, measured: Result) -> None:
    print(f"wrote {write_result(name, size, measured).name}", flush=True)


if __name__ == "__main__":
    main()
