from dataclasses import dataclass
from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode
from cmdb.metamodel.classes import read_classes

ROOT = """domain: foundation
classes:
  thing:
    title: Thing
    description: Anything.
    abstract: true
    attributes:
      serial: {type: text, description: Serial number.}
      tags: {type: list, description: Labels.}
    identity:
      - [serial]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def box(fields: str, name: str = "box") -> str:
    return f"domain: compute\nclasses:\n  {name}:\n    title: Box\n    description: A box.\n{fields}"


def test_attributes_and_rules_are_inherited_own_rules_first(tmp_path: Path) -> None:
    text = box(
        "    extends: thing\n    attributes:\n      size: {type: integer, description: Size., required: true}\n"
        "    identity:\n      - [size, serial]\n"
    )
    classes = read_classes(write(tmp_path, root=ROOT, box=text))
    found = classes["box"]
    assert found.ancestors == ("thing",)
    assert list(found.attributes) == ["serial", "tags", "size"]
    assert found.attributes["size"].required
    assert found.identity == (("size", "serial"), ("serial",))
    assert not found.abstract
    assert classes["thing"].abstract
    assert classes["thing"].identity == (("serial",),)


@dataclass(frozen=True)
class Wrong:
    name: str
    text: str
    code: ErrorCode
    place: str
    says: str


WRONG = (
    Wrong(
        "unknown parent",
        box("    extends: thong\n"),
        ErrorCode.UNKNOWN_CLASS,
        "schema/classes/z.yaml:6, record box, field extends",
        "Did you mean 'thing'?",
    ),
    Wrong(
        "own parent",
        box("    extends: box\n"),
        ErrorCode.CYCLIC_DECLARATION,
        "schema/classes/z.yaml:6, record box, field extends",
        "box -> box",
    ),
    Wrong(
        "circle",
        box("    extends: lid\n") + "  lid: {title: Lid, description: A lid., extends: box}\n",
        ErrorCode.CYCLIC_DECLARATION,
        "schema/classes/z.yaml:6, record box, field extends",
        "box -> lid -> box",
    ),
    Wrong(
        "unknown type",
        box("    attributes:\n      size: {type: colour, description: Size.}\n"),
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:7, record size, field type",
        "text, integer, number, boolean, list",
    ),
    Wrong(
        "declared twice",
        box("", "thing"),
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:3, record thing",
        "schema/classes/root.yaml already",
    ),
    Wrong(
        "reserved attribute",
        box("    attributes:\n      name: {type: text, description: Name.}\n"),
        ErrorCode.DECLARATION,
        "record box, field name",
        "collides",
    ),
    Wrong(
        "badly named attribute",
        box("    attributes:\n      Size-1: {type: text, description: Size.}\n"),
        ErrorCode.DECLARATION,
        "record box, field Size-1",
        "snake_case",
    ),
    Wrong(
        "inherited attribute again",
        box("    extends: thing\n    attributes:\n      serial: {type: text, description: Serial.}\n"),
        ErrorCode.DECLARATION,
        "record box, field serial",
        "inherited already",
    ),
    Wrong(
        "choices of a number",
        box("    attributes:\n      size: {type: integer, description: Size., choices: ['1']}\n"),
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:7, record size, field choices",
        "no choices",
    ),
    Wrong(
        "rule with unknown attribute",
        box("    extends: thing\n    identity: [[seriel]]\n"),
        ErrorCode.UNKNOWN_ATTRIBUTE,
        "schema/classes/z.yaml:7, record box, field identity",
        "seriel",
    ),
    Wrong(
        "rule with a list",
        box("    extends: thing\n    identity: [[tags]]\n"),
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:7, record box, field identity",
        "a list",
    ),
    Wrong("empty rule", box("    identity: [[]]\n"), ErrorCode.DECLARATION, "field identity", "empty"),
    Wrong(
        "unknown key",
        box("    colour: red\n"),
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:6, record box, field colour",
        "Known fields",
    ),
    Wrong("bad class name", box("", "Box"), ErrorCode.DECLARATION, "schema/classes/z.yaml:3", "snake_case"),
    Wrong(
        "unknown domain",
        "domain: kitchen\nclasses: {}\n",
        ErrorCode.DECLARATION,
        "schema/classes/z.yaml:1, field domain",
        "network",
    ),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_faults_name_file_line_entry_and_field(tmp_path: Path, wrong: Wrong) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_classes(write(tmp_path, root=ROOT, z=wrong.text))
    assert caught.value.code is wrong.code
    assert wrong.place in str(caught.value.place)
    assert wrong.says in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no CI class"):
        read_classes(tmp_path)
