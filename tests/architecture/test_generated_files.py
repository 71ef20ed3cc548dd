"""Contracts that are generated from the code and committed are those of this code."""

from pathlib import Path

import pytest

from cmdb.api.contract import generated_files
from tests.architecture.source_tree import ROOT

_GENERATED = generated_files()


@pytest.mark.parametrize("path", sorted(_GENERATED), ids=lambda path: path.name)
def test_committed_file_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == _GENERATED[path], "run: make generate"


def test_both_contracts_are_generated() -> None:
    names = {path.resolve().relative_to(ROOT).as_posix() for path in _GENERATED}
    assert names == {"graphql/schema.graphql", "graphql/errors.json"}
