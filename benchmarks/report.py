"""Writes docs/benchmarks.md from the committed results: goals first, then every comparison, losses beside wins."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.goals import GOALS, Goal
from benchmarks.outcome import Result, read_results

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_SIZES = {"S": "10,000 CIs", "M": "100,000 CIs", "L": "1,000,000 CIs"}
_HEAD = """# Benchmarks

Written by `python -m benchmarks.report` from `benchmarks/results/*.json`; change the results, not this page.
`make bench` measures size S on both engines, `make bench SIZE=M` ten times as much, `make bench SIZE=L` the kernel
and its memory at a million CIs. Each part has a result of its own and can be measured alone, for example
`make bench SIZE=M ARGS="--only reading --engines neo4j"`; `ARGS=--resume` goes on where a run of today was cut short.

Every comparison first checks that all competitors give the same answers, then lets them take turns in at least five
rounds. A ratio is rival / ours, the median over rounds with its 95 % bootstrap interval: above 1 we are faster, below
1 we lose. Times are milliseconds a question on the machine named with the result. Processor time counts the asking
process and every process that it started. Figures taken while the machine was busy (load above 0.5) are marked.

The estate is made up (`benchmarks/estate.py`): sites in two regions, core and distribution routers, racks with two
switches and two power strips, host clusters with one spare, virtual machines, containers, balanced applications, three
layers of services, 3 % of dependencies to shared platforms, 0.5 % mutual, 1 % orphans. Rivals that know no redundancy
are compared with redundancy and strengths left out of the estate, so that impact equals reach; the full rules are
checked against `tests/oracle/brute_force.py`.
"""


def write_report() -> None:
    """Write the page."""
    PAGE.write_text(render(read_results()), encoding="utf-8")


def render(results: dict[tuple[str, str], Result]) -> str:
    """Return the page for these results."""
    parts = [_HEAD, "## Goals\n", _table(("job", "size", "goal", "measured", "verdict"), _goal_rows(results))]
    for (workload, size), result in sorted(
        results.items(), key=lambda entry: (entry[0][0], "SML".index(entry[0][1]))
    ):
        parts += [f"## {workload}, {_SIZES[size]}\n", _origin(result), *_body(result)]
    return "\n".join(parts)


def _goal_rows(results: dict[tuple[str, str], Result]) -> Iterator[Sequence[str]]:
    for goal in GOALS:
        for size in _SIZES:
            result = results.get((goal.workload, size))
            if result is not None and not _lacks(result, goal):
                measured = f"{_figure(goal.figure(result))} {goal.unit}"
                yield goal.job, size, goal.wanted, measured, goal.verdict(result)


def _lacks(result: Result, goal: Goal) -> bool:
    """Whether the result is without the figure: measured without rivals, or before the figure was asked for."""
    try:
        goal.figure(result)
    except KeyError:
        return True
    return goal.workload.startswith("impact") and not any(case["ratios"] for case in result["cases"].values())


def _origin(result: Result) -> str:
    machine, versions = result["machine"], result["versions"]
    busy = "" if result["quiet"] else f" **Busy machine: load {result['load_before']} before the run.**"
    told = ", ".join(f"{name} {release}" for name, release in versions.items())
    return (
        f"{result['measured_at']}, `{result['command']}`, {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}; {told}.{busy}\n"
    )


def _body(result: Result) -> list[str]:
    if "cases" in result:
        return [_table(_CASE_HEAD, _case_rows(result)), *_remarks(result)]
    if "first" in result:
        return [_table(_LOAD_HEAD, _load_rows(result)), _load_remark(result)]
    if "read_seconds" in result:
        return [_reading_remark(result)]
    if "posts" in result:
        return [_table(_INBOX_HEAD, _inbox_rows(result)), _inbox_remark(result)]
    return [_memory_remark(result)]


def _memory_remark(result: Result) -> str:
    return (
        f"{result['dependencies_per_ci']} dependencies a CI. Bytes a CI: arrays {result['array_bytes_per_ci']}; keys, "
        f"names and their index {result['id_bytes_per_ci']}; all that the live projection keeps "
        f"{result['live_bytes_per_ci']}.\n"
    )


_INBOX_HEAD = ("events a body", "events/s acknowledged", "p50 ms", "p99 ms")


def _inbox_rows(result: Result) -> Iterator[Sequence[str]]:
    for per, told in (("1", result["posts"]), (str(result["batches"]["events_a_body"]), result["batches"])):
        yield per, f"{told['events_per_second']:,}", _figure(told["p50_ms"]), _figure(told["p99_ms"])


def _inbox_remark(result: Result) -> str:
    return (
        f"Each body flushed before its 202, while what came before was applied by the same process; what then still "
        f"waited was applied at {result['applied_per_second']:,} events/s. {result['client']}, on the same cores; "
        f"{result['failed']} requests failed.\n"
    )


_CASE_HEAD = ("asked about", "mean answer", "competitor", "p50 ms", "p99 ms", "CPU ms", "ratio", "interval")


def _case_rows(result: Result) -> Iterator[Sequence[str]]:
    for name, case in result["cases"].items():
        times = case["times"] | (
            {"ours: rules with redundancy": case["all_rules"]} if "all_rules" in case else {}
        )
        for competitor, time in times.items():
            ratio = case["ratios"].get(competitor)
            told = (
                (_figure(ratio["median"]), f"{_figure(ratio['low'])} to {_figure(ratio['high'])}")
                if ratio
                else ("", "")
            )
            answer = _figure(case["mean_answer"])
            yield (
                name,
                answer,
                competitor,
                *(_figure(time[key]) for key in ("p50_ms", "p99_ms", "cpu_ms")),
                *told,
            )


def _remarks(result: Result) -> list[str]:
    remarks = []
    if result.get("cypher_operators"):
        remarks.append(f"Operators of the Cypher plan: {', '.join(result['cypher_operators'])}.\n")
    if "oracle" in result:
        oracle = result["oracle"]
        remarks.append(
            f"Full rules equal the brute force on {oracle['cis']} CIs and {oracle['dependencies']} dependencies in "
            f"{oracle['cases']} random cases.\n"
        )
    return remarks


_LOAD_HEAD = ("run", "seconds", "rows/s", "CPU s", "written")


def _load_rows(result: Result) -> Iterator[Sequence[str]]:
    runs = [("ours, first, with history and provenance", result["first"])]
    runs += [("ours, unchanged", run) for run in result["again"]]
    runs += [("UNWIND and MERGE by hand, first", result["plain_first"])]
    runs += [("UNWIND and MERGE by hand, unchanged", run) for run in result["plain_again"]]
    for name, run in runs:
        written = f"{run['properties_set']:,} properties" if "properties_set" in run else ""
        if "revisions_taken" in run:
            written = f"{run['revisions_taken']} revisions"
        yield (
            name,
            _figure(run["seconds"]),
            f"{run['rows_per_second']:,}",
            _figure(run["cpu_seconds"]),
            written,
        )


def _load_remark(result: Result) -> str:
    return (
        f"{result['rows']:,} CIs and dependencies, by one writer. Peak memory of the loading process "
        f"{result['peak_rss_mib']} MiB.\n"
    )


def _reading_remark(result: Result) -> str:
    return (
        f"Reading the whole graph back took {result['read_seconds']} s, {result['dependencies_per_second']:,} "
        f"dependencies/s; an unchanged tick {result['tick_ms']['p50']} ms (p99 {result['tick_ms']['p99']}).\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    write_report()
