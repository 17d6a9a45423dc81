"""The address guard: where a connection may go is decided on the address that is really dialled.

A check of the URL or in the resolver can be got around (number spellings, redirects, names that
change their address between check and use). The functions here sit where the socket is made.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal, cast

__all__ = [
    "AddressClass",
    "AddressRefused",
    "address_class",
    "any_socket",
    "is_private",
    "is_public",
    "literal_address",
    "named_socket",
    "private_socket",
    "public_socket",
    "resolve",
    "resolves_to_private",
    "was_refused",
]

Address = IPv4Address | IPv6Address
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
"""One row of `socket.getaddrinfo`: family, type, protocol, canonical name, socket address."""
SocketFactory = Callable[[AddressInfo], socket.socket]

AddressClass = Literal[
    "public",
    "loopback",
    "private",
    "link_local",
    "shared",
    "metadata",
    "multicast",
    "unspecified",
    "reserved",
]
"""``shared`` is carrier-grade NAT, ``metadata`` the services of cloud hosts, ``reserved`` the rest
of what is not routed globally."""

_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, OpenStack, …
            "169.254.170.2",  # AWS tasks
            "169.254.170.23",  # AWS pods
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's host, in public address space
            "192.0.0.192",  # Oracle
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)

# The special-purpose registries of IANA (RFC 6890 and its successors).
_V4: tuple[tuple[Any, AddressClass], ...] = tuple(
    (ip_network(block), kind)
    for block, kind in cast(
        "tuple[tuple[str, AddressClass], ...]",
        (
            ("0.0.0.0/32", "unspecified"),
            ("0.0.0.0/8", "reserved"),
            ("10.0.0.0/8", "private"),
            ("100.64.0.0/10", "shared"),
            ("127.0.0.0/8", "loopback"),
            ("169.254.0.0/16", "link_local"),
            ("172.16.0.0/12", "private"),
            ("192.0.0.0/24", "reserved"),
            ("192.0.2.0/24", "reserved"),
            ("192.88.99.0/24", "reserved"),
            ("192.168.0.0/16", "private"),
            ("198.18.0.0/15", "reserved"),
            ("198.51.100.0/24", "reserved"),
            ("203.0.113.0/24", "reserved"),
            ("224.0.0.0/4", "multicast"),
            ("240.0.0.0/4", "reserved"),
        ),
    )
)
_V6: tuple[tuple[Any, AddressClass], ...] = tuple(
    (ip_network(block), kind)
    for block, kind in cast(
        "tuple[tuple[str, AddressClass], ...]",
        (
            ("::/128", "unspecified"),
            ("::1/128", "loopback"),
            ("2001::/23", "reserved"),  # Teredo, benchmarking, ORCHID
            ("2001:db8::/32", "reserved"),
            ("3fff::/20", "reserved"),
            ("2000::/3", "public"),
            ("fc00::/7", "private"),
            ("fe80::/10", "link_local"),
            ("ff00::/8", "multicast"),
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)


class AddressRefused(PermissionError):
    """Raised where a socket would be made to an address that must not be dialled.

    An `OSError`, so that the other addresses of a name are still tried; find it behind aiohttp's
    error with `was_refused`.
    """


@lru_cache(maxsize=4096)
def address_class(address: str | Address) -> AddressClass:
    """Say what kind of address this is; an IPv6 address that carries an IPv4 one counts as both.

    Mapped, compatible, 6to4, NAT64, Teredo and ISATAP forms are unwrapped: they are public only
    when what they carry is public too. Raises `ValueError` when it is no canonical IP address.
    """
    ip = ip_address(address) if isinstance(address, str) else address
    if isinstance(ip, IPv6Address) and ip.scope_id:
        ip = IPv6Address(int(ip))
    if ip in _METADATA:
        return "metadata"
    if isinstance(ip, IPv4Address):
        return next((kind for block, kind in _V4 if ip in block), "public")
    if ip.ipv4_mapped:
        return address_class(ip.ipv4_mapped)
    kind: AddressClass = next((kind for block, kind in _V6 if ip in block), "reserved")
    inner = [address_class(carried) for carried in _carried(ip)]
    hidden = next((carried for carried in inner if carried != "public"), None)
    if hidden and kind in {"public", "reserved"}:
        # What is carried may be reached through a gateway we cannot see: never "private" to us.
        return "metadata" if hidden == "metadata" else "reserved"
    return "public" if ip in cast("IPv6Network", _NAT64) else kind


def _carried(ip: IPv6Address) -> Iterable[IPv4Address]:
    """Yield the IPv4 addresses inside an IPv6 address, for every transition form."""
    number = int(ip)
    if ip.sixtofour:
        yield ip.sixtofour
    if ip.teredo:
        yield from ip.teredo
    if ip in cast("IPv6Network", _NAT64) or number >> 32 == 0:
        yield IPv4Address(number & 0xFFFF_FFFF)
    if (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFF_FFFF)


@lru_cache(maxsize=4096)
def literal_address(host: str) -> Address | None:
    """Return the address a host spells as a number, in any of the C library's ways, else None.

    ``127.1``, ``2130706433``, ``0x7f000001`` and ``0177.0.0.1`` are all 127.0.0.1.
    """
    host = host.strip("[]").rstrip(".")
    try:
        return ip_address(host)
    except ValueError:
        pass
    if not _NUMBER.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _class_of(target: str | Address | tuple[Any, ...]) -> AddressClass | None:
    """Classify a host as written or a socket address as dialled; None for a name."""
    if isinstance(target, tuple):
        target = str(target[0]) if target else ""
        try:
            return address_class(target)
        except ValueError:
            return None
    ip = literal_address(target) if isinstance(target, str) else target
    return None if ip is None else address_class(ip)


def is_public(target: str | Address | tuple[Any, ...]) -> bool:
    """Say whether an address (any spelling) or socket address is globally routed.

    A name is not: what it stands for is known only when it is dialled.
    """
    return _class_of(target) == "public"


def is_private(target: str | Address | tuple[Any, ...]) -> bool:
    """Say whether an address or socket address stays on this machine or its own network.

    True for loopback, RFC 1918, unique-local and link-local addresses, and for 0.0.0.0 and ``::``,
    which reach this machine. False for carrier-grade NAT, cloud metadata and every name.
    """
    return _class_of(target) in {"loopback", "private", "link_local", "unspecified"}


async def resolve(host: str, port: int = 0) -> list[str]:
    """Return the addresses of a host, off the loop; raises `OSError` when it has none."""
    literal = literal_address(host)
    if literal is not None:
        return [str(literal)]
    from ai_catalyst.io.resolver import look_up  # aiohttp is heavy; classifying needs none of it

    rows = await look_up(host, port)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


async def resolves_to_private(host: str) -> bool:
    """Say whether every address of a host is private; False when it has none.

    A first opinion only: names change. Connections that rely on it are made with `private_socket`.
    """
    try:
        addresses = await resolve(host)
    except OSError:
        return False
    return bool(addresses) and all(map(is_private, addresses))


def any_socket(info: AddressInfo) -> socket.socket:
    """Make a socket for any address; for servers of a person's own choosing."""
    return socket.socket(info[0], info[1], info[2])


def public_socket(info: AddressInfo) -> socket.socket:
    """Make a socket for a public address only; for ``TCPConnector(socket_factory=…)``."""
    if not is_public(info[4]):
        raise AddressRefused(errno.EACCES, "the address is not public and must not be dialled")
    return any_socket(info)


def private_socket(info: AddressInfo) -> socket.socket:
    """Make a socket for a private address only, so that nothing meant to stay here can leave."""
    if not is_private(info[4]):
        raise AddressRefused(errno.EACCES, "the address is not private, and the endpoint must be")
    return any_socket(info)


def named_socket(names: Iterable[str]) -> SocketFactory:
    """Return a factory for hosts that a person allowed by name: private addresses may be dialled.

    Metadata services, multicast and reserved addresses still may not, unless ``names`` holds the
    very address.
    """
    spelled = frozenset(filter(None, map(literal_address, names)))

    def make(info: AddressInfo) -> socket.socket:
        kind = _class_of(info[4])
        usual = kind in {"public", "loopback", "private", "link_local", "shared"}
        if usual or (kind and literal_address(str(info[4][0])) in spelled):
            return any_socket(info)
        raise AddressRefused(errno.EACCES, f"the address is {kind} and must not be dialled")

    return make


def was_refused(error: BaseException) -> bool:
    """Say whether `AddressRefused` is the reason of an error, however deep."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, AddressRefused):
            return True
        reason = getattr(reason, "os_error", None) or reason.__cause__ or reason.__context__
    return False
