"""What answers say of themselves."""

import pytest

from cmdb.model.answers import Health
from cmdb.model.severity import Severity


@pytest.mark.parametrize(("worst", "certain"), [(Severity.MINOR, True), (Severity.MAJOR, False)])
def test_a_state_is_certain_when_unknown_providers_make_no_difference(worst: Severity, certain: bool) -> None:
    health = Health(
        own=Severity.OK, inherited=Severity.MINOR, effective=Severity.MINOR, worst_case=worst, planned=Severity.OK
    )  # fmt: skip
    assert health.certain is certain
