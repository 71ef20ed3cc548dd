"""What people read of an answer that lists nothing."""

from cmdb.cli.answers import show_impact, show_what_if

NOTHING = {"rows": [], "restricted": 0, "hasMore": False}


def test_an_impact_without_services_says_what_it_reaches() -> None:
    answer = NOTHING | {"origins": [], "impacted": 0, "holding": 0, "reached": 24}
    assert "No service is among the 24 items that it reaches; --all lists these." in list(show_impact(answer))
    assert len(list(show_impact(answer | {"reached": 0}))) == 2


def test_a_what_if_without_services_says_how_to_list_the_rest() -> None:
    answer = NOTHING | {"assumed": [], "worse": 24, "marginLost": 0}
    assert "Only services are listed; --all lists every item." in list(show_what_if(answer))
