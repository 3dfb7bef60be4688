"""Downloading from a server of the test's own: whole or not at all, once, with progress."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from models_zoo import fetch as fetching
from models_zoo.fetch import fetch
from models_zoo.networks.pretrained import File, weights_find

DATA = bytes(range(256)) * 8192
DIGEST = hashlib.sha256(DATA).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """Serves DATA at /whole, half of it at /cut, nothing elsewhere."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200 if self.path in ("/whole", "/cut") else 404)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA if self.path == "/whole" else DATA[: len(DATA) // 2])

    def log_message(self, *_arguments: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Hub.asked.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_comes_whole_and_tells_how_far_it_is(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "REPORT_SECONDS", 0)
    shares: list[float] = []
    fetch(f"{hub}/whole", tmp_path / "a" / "net.pth", digest=DIGEST[:8], progress=shares.append)
    assert (tmp_path / "a" / "net.pth").read_bytes() == DATA
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert 0 < shares[0] < 1 == shares[-1]


@pytest.mark.parametrize(
    ("path", "digest", "sentence"),
    [
        ("/cut", "", "ended|IncompleteRead"),
        ("/gone", "", "404"),
        ("/whole", "00000000", "does not begin with 00000000"),
    ],
)
def test_what_is_not_whole_or_not_right_leaves_nothing(hub, tmp_path, path, digest, sentence):
    with pytest.raises(OSError, match=sentence):
        fetch(f"{hub}{path}", tmp_path / "net.pth", digest=digest)
    assert [file.name for file in tmp_path.iterdir()] == [".net.pth.lock"]


def test_two_that_want_the_same_file_fetch_it_once(hub, tmp_path):
    target = tmp_path / "net.pth"
    threads = [threading.Thread(target=fetch, args=(f"{hub}/whole", target)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == DATA
    assert Hub.asked == ["/whole"]


def test_without_a_server_it_is_an_oserror(free_port, tmp_path):
    with pytest.raises(OSError, match="refused"):
        fetch(f"http://127.0.0.1:{free_port}/net.pth", tmp_path / "net.pth")


def test_the_command_line_sees_a_bar_and_others_hear_of_it_themselves(
    hub, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.delenv("SEGWEB_WEIGHTS", raising=False)
    weights_find(File("net.pth", f"{hub}/whole"))
    assert "net.pth: 100%" in capsys.readouterr().err
    shares: list[float] = []
    weights_find(File("other.pth", f"{hub}/whole"), progress=shares.append)
    assert shares[-1] == 1
    assert "other.pth" not in capsys.readouterr().err
