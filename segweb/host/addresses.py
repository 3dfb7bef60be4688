"""The addresses under which this host's pages can be reached."""

from __future__ import annotations

import socket
from contextlib import suppress

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  (compared with, not listened on)


def authority(host: str, port: int) -> str:
    """Host and port as a URL has them, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(host: str, port: int) -> list[str]:
    """The URLs to show people: one that works on this host, then the one for the others."""
    if host not in EVERYWHERE:
        return [f"http://{authority(host, port)}/"]
    names = ["127.0.0.1"]
    # The address that this host would send from; connecting a UDP socket sends nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        # An address for documentation (RFC 5737), so that the default route decides.
        probe.connect(("192.0.2.1", 9))
        names.append(probe.getsockname()[0])
    return [f"http://{authority(name, port)}/" for name in names]
