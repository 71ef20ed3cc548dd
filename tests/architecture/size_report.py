"""Sizes of the code against the budget; `python -m tests.architecture.size_report` prints them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.architecture.source_tree import ROOT, Function, Module, length, modules


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and the most it may be; `worst` names where to look."""

    name: str
    value: int
    budget: int
    worst: str = ""

    @property
    def kept(self) -> bool:
        """Whether the figure is within its budget."""
        return self.value <= self.budget


def figures() -> list[Figure]:
    """Measure `cmdb/`; lengths in lines, comments and blank lines included."""
    parsed = modules()
    files = [(module.lines, str(module.path)) for module in parsed if module.path.name != "__init__.py"]
    functions = [(length(f), f"{module.path}:{f.name}") for module in parsed for f in module.functions()]
    inner = [
        f"{module.path}:{node.lineno}" for module in parsed for node in _imports_inside_functions(module)
    ]
    untyped = [f"{module.path}:{f.name}" for module in parsed for f in module.functions() if not _is_typed(f)]
    return [
        Figure("module length, median", _percentile(files, 50), 120),
        _longest("module length, longest", files, 400),
        Figure("function length, median", _percentile(functions, 50), 10),
        Figure("function length, 90th percentile", _percentile(functions, 90), 30),
        _longest("function length, longest", functions, 50),
        Figure("imports inside functions", len(inner), 0, ", ".join(inner)),
        Figure("functions not fully typed", len(untyped), 0, ", ".join(untyped)),
    ]


def _longest(name: str, named: Sequence[tuple[int, str]], budget: int) -> Figure:
    value, worst = max(named)
    return Figure(name, value, budget, worst)


def _percentile(named: Sequence[tuple[int, str]], percent: int) -> int:
    return sorted(named)[min(len(named) - 1, len(named) * percent // 100)][0]


def _imports_inside_functions(module: Module) -> Iterator[ast.stmt]:
    for function in module.functions():
        yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def _is_typed(function: Function) -> bool:
    spec = function.args
    named = [
        *spec.posonlyargs,
        *spec.args,
        *spec.kwonlyargs,
        *(arg for arg in (spec.vararg, spec.kwarg) if arg),
    ]
    takes = [arg for arg in named if arg.arg not in ("self", "cls")]
    return function.returns is not None and all(arg.annotation is not None for arg in takes)


def proportions() -> list[str]:
    """Say how much test there is: lines against lines, and modules that a test module mirrors by name."""
    code, tests = (sum(module.lines for module in modules(folder)) for folder in ("cmdb", "tests"))
    behaving = [module.path for module in modules() if any(module.functions())]
    mirrored = [path for path in behaving if _mirror_exists(path.parts[1:-1], path.stem)]
    return [
        f"tests : code      {tests} : {code} lines = {tests / code:.2f} (aim 1.2 to 2.0)",
        f"mirrored modules  {len(mirrored)} of {len(behaving)} have tests/unit/<package>/test_<module>.py (aim 85 %)",
    ]


def _mirror_exists(packages: tuple[str, ...], stem: str) -> bool:
    return ROOT.joinpath("tests", "unit", *packages, f"test_{stem}.py").exists()


def main() -> None:
    """Print each figure beside its budget."""
    for figure in figures():
        verdict = "" if figure.kept else "  OVER BUDGET"
        print(f"{figure.name:34}{figure.value:6} of {figure.budget:4}  {figure.worst}{verdict}")
    print(*proportions(), sep="\n")


if __name__ == "__main__":
    main()
