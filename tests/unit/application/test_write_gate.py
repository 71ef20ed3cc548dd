import pytest

from cmdb.application.write_gate import RETRY_SECONDS, WriteGate
from cmdb.errors import ErrorCode, Overloaded


def test_one_too_many_is_refused_and_a_place_is_free_again_afterwards() -> None:
    gate = WriteGate(2)
    with gate.passage(), gate.passage(), pytest.raises(Overloaded) as caught, gate.passage():
        pass
    assert (caught.value.code, caught.value.retry_after) == (ErrorCode.OVERLOADED, RETRY_SECONDS)
    with gate.passage(), gate.passage():
        pass


def test_a_write_that_fails_leaves_its_place() -> None:
    gate = WriteGate(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.passage():
            raise ZeroDivisionError
    gate.require_room()
