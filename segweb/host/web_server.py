"""The web server: Waitress, whose one loop reads requests whole before a thread is given any.

With a thread for each connection, 34 connections that sent half a request each silenced 32 threads
for as long as they liked. Here a slow sender costs a file descriptor, and not even that for ever.
"""

from __future__ import annotations

import logging
import resource
import signal
import time
from collections.abc import Callable
from copy import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer

CONNECTIONS = 4096
CLIENT_CONNECTIONS = 512  # of one address, behind which there may be a class, or a proxy
IDLE_SECONDS = 30  # without a byte in either direction
HEADER_SECONDS = 15
BODY_SECONDS, BODY_BYTES_A_SECOND = 30, 1000  # from then on a body comes at least as fast
GRACE_SECONDS = 2.0  # the supervisor kills what has not ended after 5


class Parser(HTTPRequestParser):
    """A request that knows when it began, and how much of a body its address may have."""

    adj: Any

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.begun = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """The parser asks `adj` for the limit of the body after this."""
        super().parse_header(header_plus)
        # What is read whole before it is judged must not be a way to fill the disk.
        known = "COOKIE" in self.headers or "AUTHORIZATION" in self.headers
        path = self.path.removeprefix(self.adj.url_prefix)
        if known and path.rstrip("/") == self.adj.import_path:
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = self.adj.import_bytes

    @property
    def too_slow(self) -> bool:
        """Whether nobody who means well sends like this."""
        age = time.monotonic() - self.begun
        if not self.headers_finished:
            return age > HEADER_SECONDS
        slow: bool = self.body_bytes_received < age * BODY_BYTES_A_SECOND
        return age > BODY_SECONDS and slow


class Channel(HTTPChannel):
    """A connection."""

    parser_class = Parser


class WebServer(TcpWSGIServer):
    """Serves a WSGI application on one address until it is told to end."""

    channel_class = Channel
    over = False

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        bind: str,
        threads: int,
        upload_bytes: int,
        import_bytes: int,
        import_path: str,
        prefix: str = "",
    ) -> None:
        """`bind` is host:port, `prefix` stands before every path.

        Bodies have at most `upload_bytes`, and `import_bytes` at one path.
        """
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line a waiting request
        _allow_descriptors(2 * CONNECTIONS)
        super().__init__(
            application,
            listen=bind,
            threads=threads,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=5,
            asyncore_use_poll=True,  # select knows no descriptor above 1023
            recv_bytes=2**16,
            max_request_header_size=2**15,
            max_request_body_size=upload_bytes,
            # Django decides whom to believe, by its own settings.
            clear_untrusted_proxy_headers=False,
            ident=None,
            url_prefix=prefix,
            backlog=1024,
        )
        self.adj.import_bytes, self.adj.import_path = import_bytes, import_path

    def handle_accept(self) -> None:
        """Take a connection, unless its address has too many."""
        super().handle_accept()
        channels = self.active_channels.values()
        # In the order of their coming. Where none came now, the last one was counted before.
        newest = next(reversed(channels), None)
        if newest is None:
            return
        if sum(channel.addr[0] == newest.addr[0] for channel in channels) > CLIENT_CONNECTIONS:
            newest.handle_close()

    def maintenance(self, now: float) -> None:
        """Close what is idle, and what is sent so slowly that it holds its place for nothing."""
        super().maintenance(now)
        # Closing takes a channel out of the dictionary.
        for channel in list(self.active_channels.values()):
            if channel.request is not None and channel.request.too_slow:
                channel.will_close = True
            # Waitress spares what has requests, yet a thread may wait there for a reader who reads
            # nothing, and `will_close` would wait until there is room to write.
            if channel.total_outbufs_len and channel.last_activity < now - IDLE_SECONDS:
                channel.handle_close()

    def serve(self) -> None:
        """Answer until TERM or Ctrl-C; what is being answered then has some seconds."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self.over:
            self._look()
        self.accepting = False
        self.del_channel()
        self.socket.close()
        deadline = time.monotonic() + GRACE_SECONDS
        while self._busy() and time.monotonic() < deadline:
            self._look()

    def _look(self) -> None:
        self.asyncore.loop(timeout=0.5, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        channels = list(self.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _end(self, *_: Any) -> None:
        self.over = True
        self.pull_trigger()  # else the loop would go on waiting


def _allow_descriptors(wanted: int) -> None:
    """As many open files as connections need, or as many as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
