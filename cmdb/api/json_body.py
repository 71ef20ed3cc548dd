"""Bodies of requests and answers: capped while they arrive, JSON both ways."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cmdb.errors import ErrorCode, InvalidInput, Place

SPOOLED = 16 * 1024 * 1024
"""Bytes of a body that stay in memory."""

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; readers of lines have lower limits of their own."""


class JsonResponse(Response):
    """A JSON answer that no cache keeps."""

    media_type = "application/json"

    def __init__(
        self, content: object, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Render the content at once."""
        super().__init__(content, status_code, {"cache-control": "no-store", **(headers or {})})

    def render(self, content: object) -> bytes:
        """Write compact JSON."""
        return write_json(content)


def write_json(content: object) -> bytes:
    """Return compact JSON."""
    try:
        return orjson.dumps(content)
    except TypeError:
        # What it refuses, whole numbers beyond 64 bits above all, the slower writer can say.
        return to_json(content)


async def read_capped(request: Request, limit: int) -> bytes:
    """Return the body, or raise TOO_LARGE as soon as it is known to exceed `limit` bytes."""
    return b"".join([chunk async for chunk in _chunks(request, limit)])


@asynccontextmanager
async def spool_capped(request: Request, limit: int) -> AsyncIterator[IO[bytes]]:
    """Give the body as a file, on disk when it is much; TOO_LARGE beyond `limit` bytes."""
    with SpooledTemporaryFile(SPOOLED) as file:
        try:
            async for chunk in _chunks(request, limit):
                file.write(chunk)
        except OSError as error:
            raise InvalidInput(
                ErrorCode.TOO_LARGE,
                f"There is no room for the body in the folder for temporary files: {error.strerror}.",
                hint="Make room, or send less at a time.",
                place=Place("request"),
            ) from error
        yield file


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file from its start; one that is longer than any sound one comes in pieces."""
    file.seek(0)
    return iter(lambda: file.readline(LONGEST_LINE), b"")


async def _chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limit:
        raise _too_large(limit)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            yield chunk
    except ClientDisconnect as error:
        raise InvalidInput(
            ErrorCode.SYNTAX,
            f"The body ended after {size} bytes, before its stated end.",
            hint="Send it again.",
            place=Place("request"),
        ) from error


def parse_json(body: bytes) -> object:
    """Read JSON; SYNTAX when it is none, or is nested deeper than any honest request."""
    try:
        parsed: object = from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            ErrorCode.SYNTAX,
            f"The body is not JSON: {error}.",
            hint="Send one JSON object, encoded as UTF-8.",
            place=Place("request"),
        ) from error
    return parsed


def require_type(request: Request, wanted: str) -> None:
    """Refuse other content types: a foreign page cannot send this one without asking first."""
    name, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if name.strip().lower() != wanted or charset not in ("", "utf-8", "utf8"):
        raise InvalidInput(
            ErrorCode.WRONG_TYPE,
            f"The content type is '{request.headers.get('content-type', '')[:80]}'.",
            hint=f"Send {wanted}, encoded as UTF-8.",
            place=Place("request", field="Content-Type"),
        )


def _too_large(limit: int) -> InvalidInput:
    return InvalidInput(
        ErrorCode.TOO_LARGE,
        f"The body is larger than {limit} bytes.",
        hint="Send less at a time.",
        place=Place("request"),
    )
