"""The web server with a small application: slow clients, streams, limits, its end."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from segweb.env import BASE_DIR
from tests.waiting import wait_until

APPLICATION = """
import time
from segweb.host import web_server

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/large":
        return [bytes(60_000_000)]
    if environ["PATH_INFO"] == "/stream":
        return (time.sleep(0.3 * n) or b"%d\\n" % n for n in range(3))
    if environ["PATH_INFO"] == "/slow":
        print("begun", flush=True)
        time.sleep(1)
    return [b"%d" % len(body)]

web_server.HEADER_SECONDS = web_server.BODY_SECONDS = {seconds}
web_server.CLIENT_CONNECTIONS = {clients}
web_server.IDLE_SECONDS = {idle}
web_server.WebServer(
    application, bind="127.0.0.1:{port}", threads=4, upload_bytes=10_000, import_bytes=100_000,
    import_path="/api/v1/datasets",
).serve()
"""


class Server:
    """A process that serves the application."""

    def __init__(
        self, port: int, seconds: float = 60, clients: int = 512, idle: float = 30
    ) -> None:
        self.port = port
        words = APPLICATION.format(port=port, seconds=seconds, clients=clients, idle=idle)
        self.process = subprocess.Popen(
            [sys.executable, "-c", words], cwd=BASE_DIR, stdout=subprocess.PIPE
        )
        wait_until(self.answers)

    def answers(self) -> bool:
        try:
            return self.get("/")[0] == 200
        except OSError:
            return False

    def get(self, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST" if body else "GET", path, body or None, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def connect(self, sent: bytes = b"") -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        opened.sendall(sent)
        return opened


@pytest.fixture
def server(free_port: int) -> Iterator[Server]:
    started = Server(free_port)
    yield started
    started.stop()


HALF_HEADER = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "
HALF_BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhalf"


def test_two_hundred_slow_clients_silence_nothing(server: Server) -> None:
    with ExitStack() as opened:
        for number in range(200):
            opened.enter_context(server.connect((HALF_HEADER, HALF_BODY)[number % 2]))
        begun = time.monotonic()
        for _ in range(20):
            assert server.get("/") == (200, b"0")
        assert time.monotonic() - begun < 5


@pytest.mark.slow
@pytest.mark.parametrize("half", [HALF_HEADER, HALF_BODY])
def test_who_goes_on_too_slowly_is_cut_off(free_port: int, half: bytes) -> None:
    """However regularly the next byte comes."""
    server = Server(free_port, seconds=1)
    try:
        with server.connect(half) as slow:
            slow.settimeout(0.1)

            def cut_off() -> bool:
                try:
                    slow.sendall(b"x")
                    return slow.recv(100) == b""
                except TimeoutError:
                    return False
                except OSError:
                    return True

            wait_until(cut_off, seconds=30)
        assert server.answers()
    finally:
        server.stop()


@pytest.mark.slow
def test_who_reads_nothing_holds_no_thread_for_ever(free_port: int) -> None:
    with ExitStack() as stack:
        server = Server(free_port, idle=1)
        stack.callback(server.stop)
        for _ in range(4):  # as many as there are threads
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", free_port)))
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        wait_until(server.answers)


def test_one_address_has_so_many_connections(free_port: int) -> None:
    server = Server(free_port, clients=5)
    try:
        with ExitStack() as opened:
            many = [opened.enter_context(server.connect(HALF_HEADER)) for _ in range(5)]
            with server.connect() as extra:
                assert extra.recv(10) == b""
            many[0].close()
            wait_until(server.answers)
    finally:
        server.stop()


@pytest.mark.slow
def test_a_stream_arrives_piece_by_piece(server: Server) -> None:
    with server.connect(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n") as reader:
        found = b""
        while b"\n0" not in found and b"0\n" not in found:
            found += reader.recv(4096)
        assert b"2\n" not in found
        while b"2\n" not in found:
            found += reader.recv(4096)


def test_bodies_are_bounded_by_their_address(server: Server) -> None:
    assert server.get("/", bytes(9_000)) == (200, b"9000")
    assert server.get("/", bytes(11_000))[0] == 413
    path = "/api/v1/datasets/"
    assert server.get(path, bytes(11_000))[0] == 413  # from nobody
    assert server.get(path, bytes(11_000), Authorization="Token x") == (200, b"11000")
    assert server.get(path, bytes(101_000), Authorization="Token x")[0] == 413


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_answered_is_answered_before_the_end(server: Server, number: int) -> None:
    with server.connect(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") as waiting:
        assert server.process.stdout.readline() == b"begun\n"
        server.process.send_signal(number)
        assert b"200 OK" in waiting.recv(4096)
    assert server.process.wait(5) == 0
    with pytest.raises(OSError):
        server.connect()
