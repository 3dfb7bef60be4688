"""The web server with a small application: slow clients, streams, limits, its end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from segweb.env import BASE_DIR
from tests.waiting import wait_until

APPLICATION = """
import time
from segweb.host import web_requests, web_server

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/large":
        return [bytes(60_000_000)]
    if environ["PATH_INFO"] == "/computed":
        return (time.sleep(1.5 * n) or b"%d\\n" % n for n in range(5))
    if environ["PATH_INFO"] == "/stream":
        return (time.sleep(0.3 * n) or b"%d\\n" % n for n in range(3))
    if environ["PATH_INFO"] == "/slow":
        print("begun", flush=True)
        time.sleep(1)
    return [b"%d" % len(body)]

web_requests.HEADER_SECONDS = web_requests.PACE_SECONDS = {seconds}
web_server.ANSWER_BYTES = {answer}
web_requests.CHECK_BYTES = 100
web_server.CLIENT_CONNECTIONS = {clients}
web_server.IDLE_SECONDS = {idle}
web_server.WebServer(
    application, bind="127.0.0.1:{port}", threads=4, upload_bytes=10_000, import_bytes=100_000,
    import_paths=["/api/v1/datasets"], proxies={proxies},
).serve()
"""


class Server:
    """A process that serves the application."""

    def __init__(self, port: int, **settings: float) -> None:
        self.port = port
        usual = {"seconds": 60, "clients": 512, "idle": 30, "answer": 2**28, "proxies": 0}
        words = APPLICATION.format(port=port, **usual | settings)
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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
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


@pytest.fixture
def patient(free_port: int) -> Iterator[Server]:
    """A server that cuts nobody off while a test lasts: what is answered was not waited for."""
    started = Server(free_port, seconds=3600, idle=3600)
    yield started
    started.stop()


def test_two_hundred_slow_clients_silence_nothing(patient: Server) -> None:
    with ExitStack() as opened:
        for number in range(200):
            opened.enter_context(patient.connect((HALF_HEADER, HALF_BODY)[number % 2]))
        for _ in range(20):
            assert patient.get("/") == (200, b"0")


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
        server = Server(free_port, idle=1, answer=2**20)
        stack.callback(server.stop)
        for _ in range(4):  # as many as there are threads
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", free_port)))
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        wait_until(server.answers)


@pytest.mark.slow
def test_who_reads_a_few_bytes_at_a_time_holds_no_thread_for_ever(free_port: int) -> None:
    """However regularly they are taken: it is never idle."""
    with ExitStack() as stack:
        server = Server(free_port, seconds=2, answer=2**20)
        stack.callback(server.stop)
        readers = [socket.socket() for _ in range(4)]  # as many as there are threads
        for reader in readers:
            stack.enter_context(reader)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", free_port))
            reader.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 2)

        def takes_and_answers() -> bool:
            for reader in readers:
                with suppress(OSError):
                    reader.recv(10)
            with suppress(OSError), server.connect(b"GET / HTTP/1.0\r\n\r\n") as other:
                other.settimeout(0.2)
                return b"200 OK" in other.recv(100)
            return False

        wait_until(takes_and_answers, seconds=30)


def test_an_answer_that_nobody_reads_frees_its_thread(patient: Server) -> None:
    with ExitStack() as stack:
        for _ in range(8):  # twice as many as there are threads
            stack.enter_context(patient.connect(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert patient.get("/") == (200, b"0")


def half_body(path: str = "/", **headers: str) -> bytes:
    """The better part of a body of 9,000 bytes."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\n{told}Content-Length: 9000\r\n\r\n"
    return head.encode() + bytes(8990)


def test_bodies_that_come_at_once_are_bounded_by_client_and_altogether(free_port: int) -> None:
    server = Server(free_port, proxies=1)
    try:
        with ExitStack() as opened:

            def send(client: str) -> bytes:
                """What is answered to a body that is not over yet."""
                connection = opened.enter_context(server.connect(half_body(X_Forwarded_For=client)))
                connection.settimeout(0.3)
                try:
                    return connection.recv(1000)
                except TimeoutError:
                    return b""

            assert [send("10.0.0.1") for _ in range(4)] == [b""] * 4
            refused = send("10.0.0.1")
            assert b" 429 " in refused
            assert b"Retry-After: 10" in refused
            assert b"application/problem+json" in refused
            for client in ("10.0.0.2", "10.0.0.3", "10.0.0.4"):
                assert [send(client) for _ in range(4)] == [b""] * 4
            everybody = [send("10.0.0.5") for _ in range(3)]
            assert any(b" 503 " in answer and b"Retry-After: 10" in answer for answer in everybody)
            assert server.get("/") == (200, b"0"), "what has no body is answered"
        wait_until(lambda: server.get("/", bytes(9_000)) == (200, b"9000"))
    finally:
        server.stop()


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


@pytest.mark.slow
def test_an_answer_that_is_computed_slowly_is_not_read_slowly(free_port: int) -> None:
    server = Server(free_port, seconds=2, idle=2)
    try:
        with server.connect(b"GET /computed HTTP/1.0\r\n\r\n") as reader:
            found = b""
            reader.settimeout(30)
            while part := reader.recv(4096):
                found += part
        assert found.endswith(b"3\n4\n")
    finally:
        server.stop()


def test_bodies_are_bounded_by_their_address(server: Server) -> None:
    assert server.get("/", bytes(9_000)) == (200, b"9000")
    assert server.get("/", bytes(11_000))[0] == 413
    path = "/api/v1/datasets/"
    assert server.get(path, bytes(11_000))[0] == 413  # from nobody
    assert server.get(path, bytes(11_000), Authorization="Token x") == (200, b"11000")
    assert server.get(path, bytes(101_000), Authorization="Token x")[0] == 413


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11000\r\n\r\n" + bytes(11_000), 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_the_server_refuses_is_a_problem_too(server: Server, sent: bytes, status: int) -> None:
    with server.connect(sent) as opened:
        answer = http.client.HTTPResponse(opened)
        answer.begin()
        told = json.loads(answer.read())
    assert (answer.status, told["status"], told["type"]) == (status, status, "about:blank")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert told["title"]
    assert told["detail"]


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
