import socket

import pytest

from cmdb.api.serving import listen
from cmdb.errors import ErrorCode, Forbidden, InvalidInput


def test_nothing_is_served_to_other_machines() -> None:
    with pytest.raises(Forbidden) as caught:
        listen("0.0.0.0", 0)
    assert caught.value.code is ErrorCode.FORBIDDEN


def test_a_taken_port_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput) as caught:
            listen("127.0.0.1", port)
    assert str(port) in caught.value.message


def test_small_answers_leave_at_once() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
