"""Mail: who wrote to whom and when, the text, and what is attached and can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.blob import Blob, printable
from ai_catalyst.documents.encoding import decode
from ai_catalyst.documents.markup import decode_markup, fragment_text
from ai_catalyst.documents.readers.registry import Data, Reader, Sample, detect
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

__all__ = ["READERS", "read_mail", "read_mail_alone"]

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 3
MAX_ATTACHMENTS = 100
MAX_TABLE_ROWS = 500
_HEADERS = re.compile(
    rb"(?:^|\n)(from|to|subject|date|received|message-id|mime-version|return-path|delivered-to"
    rb"|content-type|reply-to|sender|x-mailer):"
)
_FIRST = re.compile(rb"(?:from [^\n]+\n)?[a-z][a-z0-9-]*+:[ \t]?[^\n]*\n")


def read_mail(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text``, ``subject, from, to, cc, date, message_id`` and ``attachments``.

    The plain part is preferred, else the HTML one as text. The text of attachments that can be read
    follows the mail's own; ``attachments`` lists every one by ``name``, ``media_type``, ``bytes``
    and whether it was ``read``, else why not.
    """
    yield _mail(blob, attachments=True)


def read_mail_alone(blob: Blob) -> Iterator[Data]:
    """Yield what `read_mail` does, without looking into attachments: one may have been poison."""
    yield _mail(blob, attachments=False)


def _mail(blob: Blob, *, attachments: bool, depth: int = 0) -> dict[str, Any]:
    from email import message_from_bytes, policy

    raw = blob.read(MAX_BYTES)
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    message = message_from_bytes(raw.lstrip(), policy=policy.default)
    data: dict[str, Any] = {"text": ""}
    data.update(_headers(message))
    if len(data) == 1 and not message.is_multipart():
        raise FileError("is no mail: it has none of a mail's headers")
    text = [_body(message)]
    listed: list[dict[str, Any]] = []
    for part in _attached(message):
        entry, content = _attachment(part, blob, depth, read=attachments)
        listed.append(entry)
        if content:
            text.append(f"[Attachment: {entry['name']}]\n{content}")
    if listed:
        data["attachments"] = listed
    data["text"] = "\n\n".join(piece for piece in text if piece)
    return data


def _headers(message: EmailMessage) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("subject", "from", "to", "cc"):
        value = _header(message, name)
        if value:
            found[name] = value
    date = _date(_header(message, "date"))
    if date:
        found["date"] = date
    identity = _header(message, "message-id")
    if identity:
        found["message_id"] = identity
    if "subject" in found:
        found["title"] = found["subject"]
    if "from" in found:
        found["author"] = found["from"]
    return found


def _header(message: EmailMessage, name: str) -> str:
    """Return a header as one line; what the library cannot parse is taken as it stands."""
    try:
        value = str(message.get(name) or "")
    except (ValueError, TypeError, IndexError, AttributeError, LookupError):
        raw = next((v for k, v in message.raw_items() if k.lower() == name), "")
        value = str(raw)
    return " ".join(printable(value).split()) if not value.isprintable() else value.strip()


def _date(raw: str) -> str:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(raw).isoformat() if raw else ""
    except (ValueError, TypeError, IndexError, OverflowError):
        return raw


def _body(message: EmailMessage) -> str:
    try:
        part = message.get_body(preferencelist=("plain", "html"))
    except (ValueError, TypeError, AttributeError, KeyError):
        part = None
    if part is None:
        part = next((p for p in message.walk() if p.get_content_maintype() == "text"), None)
    if part is None:
        return ""
    raw = _payload(part)
    charset = part.get_content_charset()
    if part.get_content_subtype() == "html":
        return fragment_text(decode_markup(raw, charset))
    return decode(raw, charset).strip()


def _payload(part: Any) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attached(message: EmailMessage) -> Iterator[Any]:
    """Yield the attached parts: those with a name or so disposed, and whole mails."""
    if message.get_content_maintype() != "multipart":
        if message.get_content_maintype() != "text":
            yield message
        return
    count = 0
    stack = [iter(message.iter_parts())]
    while stack and count < MAX_ATTACHMENTS:
        part = next(stack[-1], None)
        if part is None:
            stack.pop()
        elif part.get_content_maintype() == "multipart":
            stack.append(iter(part.iter_parts()))
        elif part.get_filename() or part.is_attachment() or not _textual(part):
            count += 1
            yield part


def _textual(part: Any) -> bool:
    return bool(part.get_content_maintype() == "text")


def _attachment(part: Any, blob: Blob, depth: int, *, read: bool) -> tuple[dict[str, Any], str]:
    """Describe an attachment and return its text, "" when it has none or cannot be read."""
    kind = part.get_content_type()
    inner = _inner_mail(part) if kind == "message/rfc822" else None
    raw = inner if inner is not None else _payload(part)
    name = printable(str(part.get_filename() or ("mail.eml" if inner is not None else "unnamed")))
    entry: dict[str, Any] = {"name": name, "media_type": kind, "bytes": len(raw), "read": False}
    if not read or kind.startswith(("image/", "audio/", "video/")):
        return entry, ""
    if depth >= MAX_DEPTH:
        entry["error"] = "nested too deeply"
        return entry, ""
    charset = part.get_content_charset()
    attached = Blob(name, data=raw, media_type=kind, charset=charset, limits=blob.limits)
    try:
        text = _text_of(attached, depth)
    except FileError as error:
        entry["error"] = str(error)
        return entry, ""
    except Exception as error:  # noqa: BLE001 - one attachment must not cost the mail
        entry["error"] = f"could not be parsed ({type(error).__name__})"
        return entry, ""
    entry["read"] = bool(text)
    return entry, text


def _inner_mail(part: Any) -> bytes | None:
    content = part.get_payload()
    inner = content[0] if isinstance(content, list) and content else None
    return inner.as_bytes() if inner is not None else None


def _text_of(blob: Blob, depth: int) -> str:
    import itertools

    assert blob.data is not None
    if not blob.data:
        raise FileError("is empty", kind="empty")
    blob.gzipped = blob.looks_gzipped
    head = next(blob.pieces(4096), b"")
    sample = Sample.of(
        blob.data[:65536] if head.startswith(b"PK") else head,
        extension=blob.extension,
        media_type=blob.media_type,
        tail=blob.data[-65536:],
    )
    reader = detect(sample)
    if reader.kind == "eml":
        inner = _mail(blob, attachments=True, depth=depth + 1)
        heading = "\n".join(
            f"{k.title()}: {inner[k]}" for k in ("from", "to", "date", "subject") if k in inner
        )
        return f"{heading}\n\n{inner['text']}"
    found = itertools.islice(reader.read(blob), MAX_TABLE_ROWS)
    return "\n".join(_line(item) for item in found if not isinstance(item, FileError)).strip()


def _line(item: Data) -> str:
    if "text" in item:
        return str(item["text"])
    return " | ".join(f"{name}: {value}" for name, value in item.items() if value is not None)


def sniff_mail(sample: Sample) -> int:
    """Know a mail by its headers; a text file that only looks like one keeps its name's format."""
    if not _FIRST.match(sample.text):
        return 0
    head = sample.text.partition(b"\n\n")[0].replace(b"\r", b"")
    known = set(_HEADERS.findall(head))
    return 55 if len(known) >= 3 and sample.extension not in {"txt", "md", "log"} else 0


READERS = (
    Reader(
        "eml",
        read_mail,
        extensions=("eml", "mail"),
        media_types=("message/rfc822",),
        sniff=sniff_mail,
        starts=b"abcdefghijklmnopqrstuvwxyz",
        hostile=True,
        rescue=read_mail_alone,
        max_bytes=MAX_BYTES,
    ),
)
