from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode
from cmdb.metamodel.classes import read_classes
from cmdb.metamodel.relationships import read_relationships
from cmdb.model.metamodel import RelationshipType
from cmdb.model.severity import Strength
from cmdb.resources import folder

CLASSES = read_classes(folder("schema") / "classes")


def read(tmp_path: Path, text: str) -> dict[str, RelationshipType]:
    path = tmp_path / "relationships.yaml"
    path.write_text(text, encoding="utf-8")
    return dict(read_relationships(path, CLASSES))


def verb(name: str = "NEEDS", **fields: str) -> str:
    shown = {
        "title": "needs",
        "inverse": "needed by",
        "description": "Needs it.",
        "strength": "soft",
    } | fields
    return f"verbs:\n  {name}:\n" + "".join(f"    {field}: {value}\n" for field, value in shown.items())


def test_a_verb_keeps_its_ends_and_strength(tmp_path: Path) -> None:
    found = read(tmp_path, verb(consumers="[server, service]"))["NEEDS"]
    assert found.strength is Strength.SOFT
    assert found.consumers == {"server", "service"}
    assert found.providers == frozenset()
    assert (found.title, found.inverse) == ("needs", "needed by")


@pytest.mark.parametrize(
    ("text", "code", "place", "says"),
    [
        (
            verb(consumers="[sever]"),
            ErrorCode.UNKNOWN_CLASS,
            ":7, record NEEDS, field consumers",
            "'server'?",
        ),
        (verb(providers="[zzz]"), ErrorCode.UNKNOWN_CLASS, "field providers", "declared"),
        (verb(strength="iron"), ErrorCode.DECLARATION, ":6, record NEEDS, field strength", "telemetry"),
        (verb("needs it"), ErrorCode.DECLARATION, ":2, record needs it", "UPPER_SNAKE"),
        (verb(colour="red"), ErrorCode.DECLARATION, "field colour", "Known fields"),
        (verb(title="''"), ErrorCode.DECLARATION, "field title", "a text"),
        ("verbs: {}\n", ErrorCode.DECLARATION, "field verbs", "no verb"),
        ("words: {}\n", ErrorCode.DECLARATION, "field words", "Known fields"),
    ],
)
def test_faults_name_line_verb_and_field(
    tmp_path: Path, text: str, code: ErrorCode, place: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        read(tmp_path, text)
    assert caught.value.code is code
    assert place in str(caught.value.place)
    assert says in str(caught.value)
