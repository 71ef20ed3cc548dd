"""Rules about the source that neither the linter nor the type checker knows."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cmdb.resources import FOLDERS
from tests.architecture.source_tree import DOCUMENT_FOLDERS, ROOT, Function, Module, modules

_CORE = ("model", "ports", "impact", "desk", "application")
_PRESENT = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic"}
_ENVIRONMENT = {"os.environ", "os.getenv", "os.environb", "os.putenv"}


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _names_used(module: Module) -> Iterator[tuple[int, str]]:
    """Dotted names in expressions, and `package.name` of every `from package import name`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, _dotted(node)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _uses(parsed: list[Module], wanted: set[str]) -> list[str]:
    return [
        f"{module.path}:{line} {name}"
        for module in parsed
        for line, name in _names_used(module)
        if name in wanted
    ]


def test_import_contracts_hold() -> None:
    program = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    run = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_package_is_seen_by_the_import_contracts() -> None:
    hidden = {
        module.path.parent for module in modules() if not (ROOT / module.path.parent / "__init__.py").exists()
    }
    assert hidden == set(), "without __init__.py a folder escapes the import contracts"


def test_document_folders_hold_no_python() -> None:
    strays = [path for folder in DOCUMENT_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert strays == [], "a package named graphql would shadow graphql-core"


def test_wheel_carries_every_document_folder() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    bundled = {folder: f"cmdb/_bundled/{folder}" for folder in FOLDERS}
    assert build["targets"]["wheel"]["force-include"] == bundled
    assert "force-include" not in build, "on the wheel alone, or editable installs fail"
    assert set(FOLDERS) == set(DOCUMENT_FOLDERS)


def test_only_settings_reads_the_environment() -> None:
    others = [module for module in modules() if module.path != Path("cmdb/settings.py")]
    assert _uses(others, _ENVIRONMENT) == []
    assert _uses(modules(), _ENVIRONMENT) != [], "the rule would not notice a reader"


def test_core_takes_the_present_from_its_clock() -> None:
    core = [module for module in modules() if len(module.path.parts) > 2 and module.path.parts[1] in _CORE]
    assert _uses(core, _PRESENT) == []


def test_every_public_name_states_its_contract() -> None:
    silent = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        for node in _public(module.tree)
        if not _told(node)
    ]
    assert silent == []


def test_every_module_says_what_it_owns() -> None:
    assert [str(module.path) for module in modules() if not ast.get_docstring(module.tree)] == []


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _told(node: Function | ast.ClassDef) -> bool:
    overload = any(_dotted(decorator).endswith(("overload", ".setter")) for decorator in node.decorator_list)
    return overload or bool(ast.get_docstring(node))


def test_every_use_case_takes_a_principal_first() -> None:
    facade = _facade()
    calls = [
        node
        for node in facade.body
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    without = [call.name for call in calls if not _asks_who(call)]
    assert set(without) <= {"refresh", "head", "basis", "at", "close"}, (
        "these only move or name a revision or moment, or end"
    )
    assert len(calls) > len(without), "the rule found nothing to check"


def _facade() -> ast.ClassDef:
    tree = next(module.tree for module in modules() if module.path == Path("cmdb/application/application.py"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Application")


def _asks_who(call: Function) -> bool:
    arguments = call.args.args[1:2]
    return (
        bool(arguments)
        and arguments[0].annotation is not None
        and _dotted(arguments[0].annotation) == "Principal"
    )


def test_core_reads_of_the_store_take_a_principal_first() -> None:
    tree = next(module.tree for module in modules() if module.path == Path("cmdb/ports/graph.py"))
    ports = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Graph")]
    calls = [node for port in ports for node in port.body if isinstance(node, ast.AsyncFunctionDef)]
    assert {call.name for call in calls if not _asks_who(call)} == {"head"}
