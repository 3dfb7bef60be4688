"""The web server: Waitress, whose one loop reads requests whole before a thread is given any.

With a thread for each connection, 34 connections that sent half a request each silenced 32 threads
for as long as they liked. Here a slow sender costs a file descriptor, and not even that for ever.
"""

from __future__ import annotations

import logging
import resource
import signal
import time
from collections.abc import Callable, Collection
from typing import Any

from waitress.server import TcpWSGIServer

from segweb.host.web_requests import (
    ALL_IMPORTS,
    ALL_UPLOADS,
    CLIENT_BODIES,
    CLIENT_UPLOADS,
    Channel,
    Parser,
    Refusal,
)

CONNECTIONS = 4096
CLIENT_CONNECTIONS = 512  # of one address, behind which there may be a class, or a proxy
IDLE_SECONDS = 30  # without a byte in either direction
MEMORY_BYTES = 2**16  # of one body, or of one answer that waits for its reader; the rest are files
ANSWER_BYTES = 2**28  # of an answer that is read slowly: beyond them its thread waits
GRACE_SECONDS = 2.0  # the supervisor kills what has not ended after 5


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
        import_paths: Collection[str],
        prefix: str = "",
        proxies: int = 0,
    ) -> None:
        """`bind` is host:port, `prefix` stands before every path.

        Bodies have at most `upload_bytes`, and `import_bytes` at `import_paths`. Of `proxies` in
        front it is believed whom they speak for.
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
            inbuf_overflow=MEMORY_BYTES,
            outbuf_overflow=MEMORY_BYTES,
            outbuf_high_watermark=ANSWER_BYTES,
            # Django decides whom to believe, by its own settings.
            clear_untrusted_proxy_headers=False,
            ident=None,
            url_prefix=prefix,
            backlog=1024,
        )
        self.adj.import_bytes, self.adj.import_paths = import_bytes, import_paths
        self.adj.proxies = proxies
        self.most = {
            False: (CLIENT_UPLOADS * upload_bytes, ALL_UPLOADS * upload_bytes),
            True: (import_bytes, ALL_IMPORTS * import_bytes),
        }

    def handle_accept(self) -> None:
        """Take a connection, unless its address has too many; a proxy has those of all clients."""
        super().handle_accept()
        if self.adj.proxies:
            return
        channels = self.active_channels.values()
        # In the order of their coming. Where none came now, the last one was counted before.
        newest = next(reversed(channels), None)
        if newest is None:
            return
        if sum(channel.addr[0] == newest.addr[0] for channel in channels) > CLIENT_CONNECTIONS:
            newest.handle_close()

    def bodies_refused(self, asked: Parser) -> Refusal | None:
        """Why a request may bring no more of its body now; None while there is room.

        Counted are the bodies of its kind that are there, and not what headers announce: else
        somebody could take all the room by sending nothing.
        """
        of_client = of_all = arriving = 0
        for channel in list(self.active_channels.values()):
            for request in (channel.request, *channel.requests):
                if request is not None and request.is_import == asked.is_import:
                    of_all += request.body_bytes_received
                    if request.client == asked.client:
                        of_client += request.body_bytes_received
                        arriving += not request.completed
        client_most, all_most = self.most[asked.is_import]
        if of_client > client_most or arriving > CLIENT_BODIES:
            sentence = "Too much is being sent from this address at once. Wait, and send it again."
            return Refusal(429, "Too Many Requests", sentence)
        if of_all > all_most:
            sentence = "Too much is being sent at once. Wait a little, and send it again."
            return Refusal(503, "Service Unavailable", sentence)
        return None

    def maintenance(self, now: float) -> None:
        """Close what is idle, and what is sent so slowly that it holds its place for nothing."""
        super().maintenance(now)
        # Closing takes a channel out of the dictionary.
        for channel in list(self.active_channels.values()):
            if channel.request is not None and channel.request.too_slow:
                channel.will_close = True
            # Waitress spares what has requests, yet a thread may wait there for a reader who reads
            # nothing, or too little, and `will_close` would wait until there is room to write.
            idle = channel.waits_for_reader and channel.last_activity < now - IDLE_SECONDS
            if channel.read_too_slowly or idle:
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
