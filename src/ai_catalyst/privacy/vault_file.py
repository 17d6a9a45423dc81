"""A vault in a file: encrypted with a password, or not at all.

Needs the ``vault`` extra (cryptography). The key is derived with scrypt, the content sealed with
AES-256-GCM; a wrong password and a changed file look the same: `PrivacyError`.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import PrivacyError, UserError

if TYPE_CHECKING:
    from ai_catalyst.privacy.vault import Vault

__all__ = ["load", "save"]

MAGIC = b"catalyst-vault-1\n"
SALT, NONCE = 16, 12
COST = 2**15
"""scrypt's N, with r=8 and p=1: some tens of milliseconds and 32 MiB."""


def save(vault: Vault, path: str | Path, password: str) -> None:
    """Write a vault's values, sealed with a password, readable by its owner alone."""
    if not password:
        raise UserError("a vault's file needs a password")
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    content = json.dumps(vault.dump(), ensure_ascii=False).encode("utf-8", "surrogatepass")
    sealed = _cipher(password, salt).encrypt(nonce, content, MAGIC)
    target = Path(path)
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + salt + nonce + sealed)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def load(path: str | Path, password: str) -> dict[str, Any]:
    """Return what `save` wrote; raises `PrivacyError` when it cannot be opened."""
    content = Path(path).read_bytes()
    if not content.startswith(MAGIC) or len(content) < len(MAGIC) + SALT + NONCE:
        raise PrivacyError(f"{Path(path).name} is not a vault's file")
    at = len(MAGIC)
    salt, nonce = content[at : at + SALT], content[at + SALT : at + SALT + NONCE]
    cipher = _cipher(password, salt)
    from cryptography.exceptions import InvalidTag

    try:
        opened = cipher.decrypt(nonce, content[at + SALT + NONCE :], MAGIC)
    except InvalidTag as error:
        raise PrivacyError("the password is wrong, or the vault's file was changed") from error
    state: dict[str, Any] = json.loads(opened.decode("utf-8", "surrogatepass"))
    return state


def _cipher(password: str, salt: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise UserError("a vault's file needs cryptography: pip install '.[vault]'") from error
    key = Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(
        password.encode("utf-8", "surrogatepass")
    )
    return AESGCM(key)
