"""The signed webhook."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cmdb.model.outgoing import Outgoing
from cmdb.outbound.calling import open_http
from cmdb.outbound.webhook import Webhook, message, read_secret, sign
from cmdb.ports.outbox import DeliveryFailed
from tests.support.graph_records import incident
from tests.support.moments import NOON, StandingClock
from tests.support.outside_systems import served

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENTRY = Outgoing(
    key="hook|INC.1|7", channel="hook", ticket=incident("INC.1", title="Täter"), opened=True, revision=7, at=NOON
)  # fmt: skip


class Receiver:
    """Takes what is signed with its secret, as the standard tells receivers to check it."""

    def __init__(self, secret: str = SECRET, status: int = 200) -> None:
        self.key = base64.b64decode(secret.removeprefix("whsec_"))
        self.status = status
        self.taken: list[tuple[str, Any]] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hooks/cmdb", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        identity, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert "." not in identity
        assert int(timestamp) == int(NOON.timestamp())
        signed = b".".join([identity.encode(), timestamp.encode(), body])
        wanted = base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()
        given = request.headers["webhook-signature"].split(" ")
        if f"v1,{wanted}" not in given:
            return Response("bad signature", 401)
        self.taken.append((identity, json.loads(body)))
        return Response(status_code=self.status)


async def post(receiver: Receiver, *secrets: str, entry: Outgoing = ENTRY) -> None:
    keys = [read_secret(secret) for secret in secrets or (SECRET,)]
    async with served(receiver.app()) as url, open_http() as http:
        await Webhook("hook", http, f"{url}/hooks/cmdb", keys, StandingClock()).deliver(entry, None)


def test_the_signature_is_that_of_the_published_example() -> None:
    signature = sign(read_secret(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_takes_it_and_knows_a_repeat_by_its_id() -> None:
    receiver = Receiver()
    await post(receiver)
    await post(receiver)
    await post(receiver, entry=replace(ENTRY, key="hook|INC.1|8", opened=False))
    (first, told), (second, _), (third, later) = receiver.taken
    assert (first == second, first == third) == (True, False)
    assert (told["type"], later["type"]) == ("ticket.opened", "ticket.updated")
    assert (told["data"]["revision"], told["data"]["ticket"]["title"]) == (7, "Täter")
    assert told == json.loads(json.dumps(message(ENTRY)))


async def test_two_secrets_sign_side_by_side() -> None:
    other = "whsec_" + base64.b64encode(b"k" * 32).decode()
    receiver = Receiver(other)
    await post(receiver, SECRET, other)
    assert len(receiver.taken) == 1
    with pytest.raises(DeliveryFailed) as caught:
        await post(receiver, SECRET)
    assert not caught.value.passing


@pytest.mark.parametrize(("status", "passing"), [(503, True), (429, True), (410, False), (404, False)])
async def test_whether_to_send_again_is_what_the_receiver_says(status: int, passing: bool) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await post(Receiver(status=status))
    assert caught.value.passing is passing


@pytest.mark.parametrize(
    "text", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!"]
)
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it is"):
        read_secret(text)
