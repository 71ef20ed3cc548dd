"""Datagrams come in as documents, in batches; what is none is told once a magnitude."""

import asyncio
import socket

from cmdb.ingest.document import Document
from cmdb.ingest.listening import BATCH, QUEUE, Listener, listening
from cmdb.ingest.syslog_decoder import decode_syslog


def send(port: int, *texts: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in texts:
            sender.sendto(text.encode(), ("127.0.0.1", port))


async def test_messages_come_in_order_with_sender_and_time() -> None:
    remarks: list[str] = []
    async with listening("127.0.0.1", 0, decode_syslog, remarks.append) as listener:
        send(listener.port, "<13>one", "nothing", "<13>two", "nothing")
        found: list[Document] = []
        async with asyncio.timeout(10):
            while len(found) < 2:
                found += await listener.batch()
            while listener.refused < 2:
                await asyncio.sleep(0.01)
    values = [document.value for document in found]
    assert [value["message"] for value in values if isinstance(value, dict)] == ["one", "two"]
    assert all(isinstance(value, dict) and value["address"] == "127.0.0.1" for value in values)
    assert all(document.received_at is not None for document in found)
    assert len(remarks) == 1
    assert "1 so far" in remarks[0]


async def test_a_batch_is_bounded_and_what_cannot_wait_is_counted() -> None:
    listener = Listener()
    for number in range(QUEUE + 3):
        listener.take(Document(number))
    assert listener.lost == 3
    assert [document.value for document in await listener.batch()] == list(range(BATCH))
