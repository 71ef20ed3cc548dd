"""`POST /webhooks/<loader>`: bodies as monitors send them, on disk before they are answered with 202."""

import zlib
from functools import lru_cache
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from cmdb.api.access import HEADER, read_principal
from cmdb.api.error_format import Json, describe_error, describe_fault, http_status, retry_headers
from cmdb.api.json_body import JsonResponse, read_capped
from cmdb.application.application import Application
from cmdb.application.reception import WAIT_SECONDS, Sent
from cmdb.errors import CmdbError, ErrorCode, Forbidden, InvalidInput, Place
from cmdb.ports.intake import Receipt

BODY_LIMIT = 5 * 1024 * 1024
"""Bytes of a body, unpacked."""

KEY_HEADERS = ("webhook-id", "idempotency-key", "ce-id")
"""Headers by which senders tell a repetition from something new."""

NAME_LIMIT = 255
"""Characters of a key or a source's name."""

_OURS = ("source", "wait")
"""Names in the address that are no arguments of a loader."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class WebhookEndpoint:
    """Takes deliveries in."""

    def __init__(self, application: Application) -> None:
        """Hand them to the inbox of this process."""
        self._application = application

    async def answer(self, request: Request) -> Response:
        """Answer 202 with a receipt once the body is on disk; 200 with `?wait=applied` once it is in the graph."""
        try:
            return await self._take(request)
        except CmdbError as error:
            return JsonResponse(describe_error(error), http_status(error), retry_headers(error))
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            return JsonResponse(describe_fault(error, token_hex(8)), 500)

    async def _take(self, request: Request) -> Response:
        reception = self._application.reception
        principal = read_principal(request.headers.get(HEADER))
        _require_sender(request)
        reception.require_room()
        loader = request.path_params["loader"]
        asked = _read_query(request.scope["query_string"])
        waits = _waits(asked.wait)
        sent = Sent(
            loader=loader + _within(asked.arguments, "arguments"),
            source=_within(asked.source, "source") or loader,
            body=await _read_body(request),
            key=_key(request),
        )
        receipt = await reception.accept(principal, sent)
        revision = receipt.revision
        if revision is None and waits:
            revision = await reception.applied(receipt.number, WAIT_SECONDS)
        told = _describe(receipt)
        if revision is None:
            return JsonResponse(told, 202)
        dead = await reception.dead_of(receipt.number)
        return JsonResponse(told | {"revision": revision, "dead": dead}, 200)


class _Asked(NamedTuple):
    """What a sender's address says; `arguments` are the loader's, in one form whatever their order."""

    source: str
    wait: str | None
    arguments: str


@lru_cache(maxsize=1024)
def _read_query(text: bytes) -> _Asked:
    """Read the part behind the `?`; a sender's address is always the same, so that it is read once."""
    query = QueryParams(text)
    arguments = sorted(pair for pair in query.multi_items() if pair[0] not in _OURS)
    return _Asked(
        query.get("source", "").strip(),
        query.get("wait"),
        f"?{urlencode(arguments)}" if arguments else "",
    )


def _waits(asked: str | None) -> bool:
    if asked not in (None, "applied"):
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"'wait' is '{asked[:40]}'.",
            hint="Give wait=applied or leave it out.",
            place=Place("request", field="wait"),
        )
    return asked is not None


def _describe(receipt: Receipt) -> Json:
    return {
        "receipt": str(receipt.number),
        "accepted": int(not receipt.is_duplicate),
        "duplicate": int(receipt.is_duplicate),
    }


def _require_sender(request: Request) -> None:
    """Refuse what a foreign web page could make a browser send: monitors name no origin and fill in no forms."""
    if "origin" in request.headers:
        raise Forbidden(
            ErrorCode.FORBIDDEN,
            "The request comes from a web page.",
            hint="Let the monitoring tool itself send it.",
            place=Place("request", field="Origin"),
        )
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in _FORMS:
        raise InvalidInput(
            ErrorCode.WRONG_TYPE,
            f"The content type is '{media}'.",
            hint="Send the document itself as the body, for example as application/json.",
            place=Place("request", field="Content-Type"),
        )


def _key(request: Request) -> str:
    for name in KEY_HEADERS:
        value = request.headers.get(name, "")
        if value:
            return _within(value, name)
    return ""


def _within(value: str, field: str) -> str:
    if len(value) > NAME_LIMIT:
        raise InvalidInput(
            ErrorCode.TOO_LARGE,
            f"'{field}' has {len(value)} characters.",
            hint=f"Use at most {NAME_LIMIT}.",
            place=Place("request", field=field),
        )
    return value


async def _read_body(request: Request) -> bytes:
    packing = request.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip"):
        raise InvalidInput(
            ErrorCode.WRONG_TYPE,
            f"The content encoding is '{packing[:40]}'.",
            hint="Send the body as it is, or packed with gzip.",
            place=Place("request", field="Content-Encoding"),
        )
    body = await read_capped(request, BODY_LIMIT)
    return _unpack(body) if packing == "gzip" else body


def _unpack(body: bytes) -> bytes:
    """Unpack up to the limit: a small body can hold gigabytes of zeros."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise _bad_gzip(f"is not gzip: {error}", ErrorCode.SYNTAX) from error
    if len(plain) > BODY_LIMIT:
        raise _bad_gzip(f"unpacks to more than {BODY_LIMIT} bytes", ErrorCode.TOO_LARGE)
    if not unpacker.eof:
        raise _bad_gzip("ends too early", ErrorCode.SYNTAX)
    return plain


def _bad_gzip(what: str, code: ErrorCode) -> InvalidInput:
    return InvalidInput(code, f"The body {what}.", hint="Send it again.", place=Place("request"))
