"""The checked source: modules of `cmdb/`, their functions, and the text files of the repository."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT_FOLDERS = ("schema", "graphql", "loaders", "seeds")
_MADE_BY_TOOLS = {"__pycache__", "build", "dist", "node_modules"}
_HIDDEN_BUT_OURS = {".ci", ".dockerignore", ".gitignore"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed Python file; `path` is relative to the repository."""

    path: Path
    lines: int
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones included."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def modules(folder: str = "cmdb") -> list[Module]:
    """Parse every Python file under `folder`, sorted by path."""
    return [_parse(path) for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def _parse(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(path.relative_to(ROOT), len(text.splitlines()), ast.parse(text))


def text_files(suffix: str = "") -> list[Path]:
    """Every file of the repository that people or tools read, except what tools made."""
    return [
        path
        for path in sorted(ROOT.rglob(f"*{suffix}"))
        if path.is_file() and _is_ours(path.relative_to(ROOT))
    ]


def _is_ours(path: Path) -> bool:
    return not any(
        part in _MADE_BY_TOOLS or (part.startswith(".") and part not in _HIDDEN_BUT_OURS)
        for part in path.parts
    )


def length(function: Function) -> int:
    """Lines from `def` to the last statement."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
