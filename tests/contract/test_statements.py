"""Every Cypher statement of the store is understood by both engines."""

import inspect
import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

from cmdb import store as package
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.shape import fill

MODULES = tuple(import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__))
WORDS = {
    "types": "DEPENDS_ON|RUNS_ON",
    "type": "DEPENDS_ON",
    "label": "Event",
    "start": "ConfigurationItem",
    "end": "ConfigurationItem",
    "visible": "true",
    "consumer": "true",
    "provider": "true",
    "pattern": "(n:Event)",
    "conditions": "n.day IN $days",
    "properties": "key: row.held.key",
}
_ROW = {"key": "k", "start": "s", "end": "e", "held": {"key": "k"}}
PARAMETERS: dict[str, object] = {
    "rows": [_ROW],
    "held": {"key": "k"},
    **{name: ["k"] for name in ("keys", "starts", "causes", "days", "problems")},
    **dict.fromkeys(
        (
            "key",
            "kind",
            "name",
            "checksum",
            "known_at",
            "as_of",
            "state",
            "applied_at",
            "holder",
            "source",
            "scope",
            "touched",
            "channel",
            "mark",
        ),
        "k",
    ),
    **dict.fromkeys(("limit", "first", "last", "revision", "version", "fence", "done", "batch"), 1),
    "buckets": [0],
}
_CYPHER = re.compile(r"\b(MATCH|MERGE|UNWIND|RETURN)\b")


def statements_of(module: ModuleType) -> list[tuple[str, str]]:
    """Return (name, text) of every constant that is Cypher."""
    own = set(re.findall(r"(?m)^([A-Z_]+) = ", inspect.getsource(module)))
    constants = ((name, value) for name, value in vars(module).items() if name in own)
    return [(name, text) for name, text in constants if isinstance(text, str) and _CYPHER.search(text)]


STATEMENTS = [
    pytest.param(text, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, text in statements_of(module)
]


def test_the_statements_are_found() -> None:
    assert len(STATEMENTS) > 25


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_both_engines_explain_it(store_address: StoreAddress, statement: str) -> None:
    text = fill(statement, **WORDS)
    assert not re.search(r"<[a-z]+>", text), "a place was left unfilled"
    names = set(re.findall(r"\$(\w+)", text))
    async with open_connection(store_address) as opened:
        assert await opened.read(f"EXPLAIN {text}", **{name: PARAMETERS[name] for name in names}) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_statement_says_its_question(module: ModuleType) -> None:
    lines = inspect.getsource(module).splitlines()
    for name, _ in statements_of(module):
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} ="))
        assert lines[place - 1].startswith("# "), f"{name} lacks the line that says its question"
