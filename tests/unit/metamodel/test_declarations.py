import pytest

from cmdb.metamodel import read_metamodel
from cmdb.model.metamodel import Domain
from cmdb.model.severity import Strength
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))


def test_every_class_descends_from_the_one_root() -> None:
    roots = [name for name, known in METAMODEL.classes.items() if not known.ancestors]
    assert roots == ["configuration_item"]
    assert all(known.ancestors[-1] == roots[0] for known in METAMODEL.classes.values() if known.ancestors)


def test_every_domain_has_a_class_that_can_be_used() -> None:
    used = {known.domain for known in METAMODEL.classes.values() if not known.abstract}
    assert used == set(Domain) - {Domain.FOUNDATION}


def test_services_are_those_of_the_service_domain() -> None:
    assert {"business_service", "application_service", "technical_service"} <= METAMODEL.service_classes()
    assert not METAMODEL.is_a("server", "service")
    assert METAMODEL.is_a("hypervisor", "server")


def test_an_attribute_has_one_type_in_all_classes() -> None:
    types: dict[str, set[str]] = {}
    for known in METAMODEL.classes.values():
        for attribute in known.attributes.values():
            types.setdefault(attribute.name, set()).add(attribute.type.value)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_titles_are_distinct_and_descriptions_are_sentences() -> None:
    titles = [known.title for known in METAMODEL.classes.values()]
    assert len(set(titles)) == len(titles)
    described = [known.description for known in METAMODEL.classes.values()]
    described += [a.description for known in METAMODEL.classes.values() for a in known.attributes.values()]
    described += [verb.description for verb in METAMODEL.relationships.values()]
    assert [text for text in described if not text.endswith(".")] == []


@pytest.mark.parametrize(
    ("verb", "strength"),
    [("DEPENDS_ON", Strength.HARD), ("USES", Strength.SOFT), ("MONITORED_BY", Strength.TELEMETRY)],
)
def test_default_strength_says_how_hard_a_verb_needs(verb: str, strength: Strength) -> None:
    assert METAMODEL.relationships[verb].strength is strength


def test_the_verb_for_want_of_a_closer_one_joins_anything() -> None:
    generic = METAMODEL.relationships["DEPENDS_ON"]
    assert not generic.consumers
    assert not generic.providers
