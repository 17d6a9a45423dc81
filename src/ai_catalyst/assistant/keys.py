"""Signing keys: the first signs, all verify: a change signs nobody out.

They come from ``CATALYST_SECRET_KEYS`` (``name:base64,name:base64``), or from a file (one
``name:base64`` a line), by default ``keys`` in the state folder, made at the first start for its
owner's eyes only.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ai_catalyst.errors import UserError

__all__ = ["Keys", "load_keys"]

LEAST_BYTES = 32
_VARIABLE = "CATALYST_SECRET_KEYS"


class Keys:
    """Keys by name; the first one signs."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take them. Raises `UserError` for none, or a weak one."""
        if not keys:
            raise UserError(f"no signing key: set {_VARIABLE}, or remove the empty key file")
        for name, key in keys.items():
            if len(key) < LEAST_BYTES or len(set(key)) < LEAST_BYTES // 4:
                raise UserError(
                    f"the signing key {name!r} is weak: it needs {LEAST_BYTES} random bytes "
                    f"(make one: openssl rand -base64 {LEAST_BYTES})"
                )
        self.all = dict(keys)
        self.current = next(iter(keys))

    def mark(self, purpose: str, value: str) -> str:
        """Return a keyed digest of a value, for one purpose alone."""
        text = f"{purpose}\x00{value}".encode()
        return hmac.new(self.all[self.current], text, hashlib.sha256).hexdigest()

    def is_mark(self, mark: str, purpose: str, value: str) -> bool:
        """Tell whether one of the keys made the mark."""
        text = f"{purpose}\x00{value}".encode()
        return any(
            hmac.compare_digest(hmac.new(key, text, hashlib.sha256).hexdigest(), mark)
            for key in self.all.values()
        )


def load_keys(path: Path, environ: Mapping[str, str]) -> Keys:
    """Return the keys of the environment, else of the file, which is made if it is not there.

    Raises `UserError` for a key that is weak or not base64.
    """
    given = environ.get(_VARIABLE)
    if given:
        return Keys(_parse(given.split(","), _VARIABLE))
    with contextlib.suppress(FileExistsError):
        _make(path)
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the signing keys in {path} cannot be read") from error
    return Keys(_parse(lines, str(path)))


def _make(path: Path) -> None:
    """Write a new key; appears whole or not at all, and only once, whoever else starts."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = (
        f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(LEAST_BYTES)).decode()}\n"
    )
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    finally:
        Path(name).unlink()


def _parse(lines: list[str], place: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for line in filter(None, (line.strip() for line in lines)):
        name, _, text = line.rpartition(":")
        try:
            keys[name or "default"] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise UserError(f"a signing key in {place} is not base64: write name:base64") from None
    return keys
