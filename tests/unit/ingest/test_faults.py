import pytest

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.faults import FAULT_LIMIT, Fault, Faults


def fault(line: int) -> Fault:
    return Fault(ErrorCode.SYNTAX, Place("in", line), f"fault {line}")


def test_without_a_fault_nothing_is_raised() -> None:
    Faults().settle()


def test_one_fault_is_told_as_it_is() -> None:
    faults = Faults()
    faults.add(fault(3))
    with pytest.raises(InvalidInput) as caught:
        faults.settle()
    assert (caught.value.message, str(caught.value.place)) == ("fault 3", "in:3")


def test_several_faults_are_listed_under_the_first_ones_place() -> None:
    faults = Faults()
    faults.add(fault(3))
    faults.add(fault(5))
    with pytest.raises(InvalidInput) as caught:
        faults.settle()
    assert caught.value.message == "2 faults:\n  in:3: fault 3\n  in:5: fault 5\n"
    assert str(caught.value.place) == "in:3"


def test_the_limit_ends_the_search() -> None:
    faults = Faults()
    for line in range(1, FAULT_LIMIT):
        faults.add(fault(line))
    with pytest.raises(InvalidInput, match="at least 20 faults"):
        faults.add(fault(FAULT_LIMIT))
