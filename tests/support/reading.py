"""Runs a reader over bytes in memory."""

from io import BytesIO
from typing import Any

import pytest

from cmdb.errors import InvalidInput
from cmdb.ingest.document import Document, Reader, Remark, log_remark


def documents(reader: Reader, content: bytes, remark: Remark = log_remark) -> list[Document]:
    """Return all that the reader makes of the content."""
    return list(reader(BytesIO(content), "in", remark))


def values(reader: Reader, content: bytes) -> list[Any]:
    """Return the values of the documents."""
    return [document.value for document in documents(reader, content)]


def refusal(reader: Reader, content: bytes) -> InvalidInput:
    """Return the error that refuses the content."""
    with pytest.raises(InvalidInput) as caught:
        documents(reader, content)
    return caught.value


def attempt(reader: Reader, content: bytes) -> list[Document] | InvalidInput:
    """Return the documents, or the coded error that refuses the content; any other error is raised."""
    try:
        return documents(reader, content)
    except InvalidInput as error:
        return error
