"""Under which addresses others in the same network reach this computer."""

import socket
from ipaddress import IPv4Address

import psutil

from core.errors import ExplorerError


def addresses() -> list[str]:
    """IPv4 addresses of this computer but loopback; the one that leads out of it first."""
    up = {name for name, told in psutil.net_if_stats().items() if told.isup}
    own = [
        part.address
        for name, parts in psutil.net_if_addrs().items() if name in up
        for part in parts if part.family == socket.AF_INET and _is_reachable(part.address)
    ]  # fmt: skip
    first = _leading_out()
    return list(dict.fromkeys([address for address in (first, *own) if address]))


def check_port(port: int) -> None:
    """Refuse a port that another program listens on.

    Raises:
        ExplorerError: it is taken, or this user may not have it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that was left a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError as error:
            raise ExplorerError(
                f"Port {port} cannot be had ({error.strerror}); name another one by --port."
            ) from None


def join_url(address: str, port: int, code: str, base: str = "") -> str:
    """What a student opens: the app with the class code in it, so that nobody types it."""
    path = f"/{base.strip('/')}/" if base.strip("/") else "/"
    return f"http://{address}:{port}{path}" + (f"?class={code}" if code else "")


def _leading_out() -> str:
    """The address that this computer would send from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of no network, by RFC 5737
            address = str(probe.getsockname()[0])
        except OSError:
            return ""
    return address if _is_reachable(address) else ""


def _is_reachable(address: str) -> bool:
    parsed = IPv4Address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)
