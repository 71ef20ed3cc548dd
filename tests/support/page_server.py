"""A real server of pages on this machine, for what reads lists over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Source:
    """Answers by path from `pages`, and remembers what it was asked."""

    url: str = ""
    pages: dict[str, Callable[[int], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def page(self, path: str, body: object, **headers: str) -> None:
        """Answer with this body: bytes as they are, else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = lambda _times: (200, named, content)


@contextmanager
def serve_pages() -> Iterator[Source]:
    """Serve until the block ends."""
    served = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            times = sum(path == self.path for path, _ in served.asked)
            served.asked.append((self.path, self.headers.get("Authorization")))
            answer = served.pages.get(self.path)
            status, headers, content = answer(times) if answer else (404, {}, b"no")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
