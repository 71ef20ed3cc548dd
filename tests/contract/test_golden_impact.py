"""Every golden impact case, through the kernel's public functions; meaning alone counts, never a name."""

import sys

import pytest

from cmdb.impact.causes import explain
from cmdb.impact.propagation import evaluate
from cmdb.model.severity import Severity
from tests.support.golden import GOLDEN, GoldenCase, golden_cases

CASES = golden_cases()
PATHS = {"plain": sys.maxsize, "numpy": 0}


def test_golden_cases_are_there() -> None:
    if not CASES:
        pytest.skip(
            f"no golden cases under {GOLDEN}: the rule of impact is NOT checked against known answers"
        )
    assert all(case.document["expect"] for case in CASES)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_severities(case: GoldenCase, path: str) -> None:
    effective = evaluate(case.topology, case.own, wide=PATHS[path])
    expected = case.document["expect"]
    assert {item: str(Severity(int(effective[case.topology.index[item]]))) for item in expected} == expected


@pytest.mark.parametrize(
    "case", [case for case in CASES if "expect_causes" in case.document], ids=lambda case: case.name
)
def test_causes(case: GoldenCase) -> None:
    topology, effective = case.topology, evaluate(case.topology, case.own)
    for item, expected in case.document["expect_causes"].items():
        found = explain(topology, case.own, effective, topology.index[item])
        assert found.exact
        assert sorted(topology.keys[cause] for cause in found.causes) == sorted(expected)
