"""A small virus scanner that speaks the protocol of clamd on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer, ThreadingUnixStreamServer
from threading import Event, Thread
from typing import Any

# The test string of EICAR, in two halves, so that no scanner takes this file for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Handler(StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        content = b"".join(iter(self._piece, b""))
        self.server.seen.append(content)
        if self.server.hangs:
            self.server.stopped.wait(60)
            return
        found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
        self.wfile.write(self.server.answer or found)

    def _piece(self) -> bytes:
        return self.rfile.read(int.from_bytes(self.rfile.read(4), "big"))


@contextmanager
def clamd(*, answer: bytes = b"", hangs: bool = False, path: str = "") -> Iterator[Any]:
    """Run a scanner, at a path or a port; yield it with its ``url`` and what it has ``seen``.

    ``answer`` is what it says instead of the truth.
    """
    server: Any = (
        ThreadingUnixStreamServer(path, _Handler)
        if path
        else ThreadingTCPServer(("127.0.0.1", 0), _Handler)
    )
    server.daemon_threads = True
    server.seen, server.answer, server.hangs, server.stopped = [], answer, hangs, Event()
    server.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
