import ipaddress
import socket
from urllib.parse import urlparse

import dns.resolver


def is_private(host: str) -> bool:
    infos = socket.getaddrinfo(host, None)
    return any(ipaddress.ip_address(info[4][0]).is_private for info in infos)


def has_mx(domain):
    return bool(dns.resolver.resolve(domain, "MX"))


async def webhook(url: str, mail: str):
    host = urlparse(url).hostname
    if is_private(host):  # expect: socket.getaddrinfo
        raise ValueError("private address")
    return has_mx(mail.split("@")[1])  # expect: dns.resolver.resolve
