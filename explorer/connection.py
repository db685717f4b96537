"""Where a session's browser is: at this computer, or elsewhere; what proxies hide counts as there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_FORWARDED = ("Forwarded", "Via", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Host",
              "X-Forwarded-Proto", "X-Forwarded-Server", "Cf-Connecting-Ip",
              "True-Client-Ip")  # fmt: skip


@dataclass(frozen=True)
class Connection:
    """Where a session's browser is, as its first request said."""

    address: str | None  # of the other end; None for this computer, and where it is not known
    headers: Mapping[str, str] = field(default_factory=dict)  # names as in Http-Header-Case

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy says that it stands between."""
        return any(name in self.headers for name in _FORWARDED)

    @property
    def is_local(self) -> bool:
        """Whether a browser of this computer is at the other end, with nothing between."""
        host = self.headers.get("Host", "")
        if not host or self.is_forwarded:
            return False
        if self.address is not None and not _is_loopback(self.address):
            return False
        origin = self.headers.get("Origin", "")
        return _names_this_computer(f"//{host}") and (not origin or _names_this_computer(origin))

    def is_of(self, networks: tuple[str, ...]) -> bool:
        """Whether it comes from one of these addresses or networks, with nothing between."""
        address = _address(self.address or "")
        if address is None or self.is_forwarded:
            return False
        return any(address in ip_network(network, strict=False) for network in networks)


def _names_this_computer(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    parsed = _address(address)
    return parsed is not None and parsed.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, as IPv4 where it is one in IPv6's clothes; None where it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
