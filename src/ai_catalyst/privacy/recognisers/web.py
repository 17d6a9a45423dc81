"""Addresses of the net: e-mail, URLs and domains, IPv6, MAC, user names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["web"]

_AT = re.compile(r"@(?=[^\W_]\w*[.-]|\[)")
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})(?!\w)|\[\d{1,3}(?:\.\d{1,3}){3}\]"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}\Z")
_URL_REST = re.compile(r"[^\s<>\"“”«»\x00]{1,2048}")
_DOT = re.compile(r"\.[a-z]{2,4}(?![\w-]|\.[a-z])")
_TOP_LEVEL = words(
    "com org net edu gov mil info biz io co app dev eu uk de at ch fr es it nl be pl cz "
    "se no dk fi pt ie ca au nz us jp cn br in ru me tv gr hu ro sk si hr tr za mx ar cl "
    "kr"
)
_PATH = re.compile(r"[/?#:][^\s<>\"“”«»\x00]{0,2048}")
_BARE_LEFT = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){0,6}[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_GENERIC = (".com", ".org", ".net", ".edu", ".gov", ".mil", ".info", ".biz")
_TRAILING = ".,;:!?'\"*_)]}>…’”"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_SPELLED = re.compile(
    r"[\w.+-]{1,64} ?(?:\[at\]|\(at\)|\{at\}) ?[\w-]{1,63}(?: ?(?:\.|\[dot\]|\(dot\)|\{dot\}) ?[\w-]{2,63}){1,5}",
    re.IGNORECASE,
)
_COLONS = re.compile(r":(?:[0-9A-Fa-f]{1,4}:|:(?:(?=[0-9A-Fa-f])|(?<=[0-9A-Fa-f]::)))")
_DASHES = re.compile(r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-")
"""What stands inside every IPv6 and MAC address, and hardly anywhere else."""
_HEX_BEFORE = re.compile(r"[0-9A-Fa-f]{1,4}\Z")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])")
_IPV6 = re.compile(
    r"(?:[0-9A-Fa-f]{1,4}:|::)[0-9A-Fa-f:]{1,38}(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,15})?(?![\w:])"
)
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_]\w{1,29}(?![\w@.])")


def web(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find e-mail addresses, URLs, domains, IPv6 and MAC addresses, and user names."""
    text = reading.text
    if "@" in text:
        yield from _emails(text)
        for match in _HANDLE.finditer(text):
            cued = "username" in reading.cues_before(lexis.cues, match.start(), 32)
            yield Spot("USERNAME", match.start(), match.end(), 0.7 if cued else 0.4, "handle")
    elif "(at)" in text or "[at]" in text:
        for match in _SPELLED.finditer(text):
            yield Spot("EMAIL", match.start(), match.end(), 0.7, "email-spelled")
    if "://" in text:
        yield from _urls(text)
    if "." in text:
        yield from _domains(text)
    if ":" in text:
        yield from _hardware(text, _COLONS)
    if "-" in text:
        yield from _hardware(text, _DASHES)


def _emails(text: str) -> Iterator[Spot]:
    for sign in _AT.finditer(text):
        at = sign.start()
        domain = _DOMAIN.match(text, at + 1)
        if domain is not None and at:
            local = _local(text, at)
            if local is not None:
                yield Spot("EMAIL", local, domain.end(), 0.99, "email")


def _local(text: str, at: int) -> int | None:
    """Return where the part before the ``@`` begins."""
    if text[at - 1] == '"':
        quote = text.rfind('"', max(0, at - 66), at - 1)
        return quote if quote >= 0 else None
    window = max(0, at - 64)
    match = _LOCAL.search(text[window:at])
    if match is None:
        return None
    start = window + match.start()
    while text[start] in "'`*/|{=":  # quoting and markup around an address, not a part of it
        start += 1
    return start if start < at else None


def _urls(text: str) -> Iterator[Spot]:
    at = text.find("://")
    while at >= 0:
        end = at + 3
        scheme = _SCHEME.search(text[max(0, at - 16) : at])
        rest = _URL_REST.match(text, end) if scheme is not None else None
        if scheme is not None and rest is not None:
            end = _trimmed(text, at + 3, rest.end())
            if end > at + 4:
                yield Spot("URL", at - len(scheme.group()), end, 0.95, "url")
            end = rest.end()
        at = text.find("://", end)


def _trimmed(text: str, start: int, end: int) -> int:
    """Leave off the punctuation of the sentence; a bracket that was opened inside stays."""
    while end > start and text[end - 1] in _TRAILING:
        opener = _PAIRS.get(text[end - 1])
        if opener is not None and text.count(opener, start, end) >= text.count(
            text[end - 1], start, end
        ):
            break
        end -= 1
    return end


def _domains(text: str) -> Iterator[Spot]:
    for match in _DOT.finditer(text):
        if (
            match.group()[1:] not in _TOP_LEVEL
            or not text[match.start() - 1 : match.start()].isalnum()
        ):
            continue
        lead = text[max(0, match.start() - 80) : match.start()].rpartition(" ")[2]
        if "@" in lead or "://" in lead:  # found as a whole already
            continue
        left = _BARE_LEFT.search(lead.lower())
        if left is None:
            continue
        start, name = match.start() - len(left.group()), left.group()
        if start and (text[start - 1].isalnum() or text[start - 1] in "@/._-"):
            continue
        path = _PATH.match(text, match.end())
        end = _trimmed(text, start, path.end() if path else match.end())
        www = name.startswith("www.")
        if www or (path and "/" in path.group()) or match.group() in _GENERIC:
            yield Spot("URL", start, end, 0.8 if www else 0.6, "domain")
        elif "." in name and not name.replace(".", "").isdigit():
            yield Spot("URL", start, end, 0.6, "domain")


def _hardware(text: str, hints: re.Pattern[str]) -> Iterator[Spot]:
    done = 0
    for hint in hints.finditer(text):
        if hint.start() < done:
            continue
        group = _HEX_BEFORE.search(text[max(0, hint.start() - 4) : hint.start()])
        start = hint.start() - (len(group.group()) if group else 0)
        if start and (text[start - 1].isalnum() or text[start - 1] in ":."):
            continue
        mac, ipv6 = _MAC.match(text, start), _IPV6.match(text, start)
        if mac is not None:
            done = mac.end()
            yield Spot("MAC", start, done, 0.9, "mac")
        elif ipv6 is not None and _is_ipv6(ipv6.group()):
            done = ipv6.end()
            yield Spot("IP", start, done, 0.9, "ipv6")


def _is_ipv6(value: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    if value.count(":") < 2 or value == "::":
        return False
    try:
        IPv6Address(value.split("%")[0])
    except AddressValueError:
        return False
    return any(char in "0123456789abcdefABCDEF" for char in value)
