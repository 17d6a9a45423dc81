"""How the service is run: the settings that concern it, with the places it keeps things."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ai_catalyst.errors import UserError
from ai_catalyst.settings import Settings, load_settings
from ai_catalyst.store.place import state_dir

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

__all__ = ["ServiceConfig"]


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Everything the service needs to know.

    ``database_url`` None is SQLite in ``home``. ``trusted_proxies`` are the networks whose
    ``X-Forwarded-For`` is believed. Times are seconds, sizes bytes, rates per minute.
    """

    settings: Settings
    home: Path
    database_url: str | None = None
    registration: Literal["open", "closed"] = "open"
    access_s: float = 900.0
    refresh_s: float = 30 * 86_400.0
    console_s: float = 12 * 3600.0
    upload_bytes: int = 50 << 20
    body_bytes: int = 1 << 20
    quota_bytes: int = 2048 << 20
    quota_documents: int = 20_000
    silence_s: float = 30.0
    logins_per_minute: float = 60.0
    secure_cookies: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    workers: int = 1

    @property
    def uploads(self) -> Path:
        """Where uploaded files wait until they are read."""
        return self.home / "uploads"

    @property
    def keys(self) -> Path:
        """Where the signing keys are, unless the environment has them."""
        return Path(os.environ.get("CATALYST_SECRET_KEY_FILE") or self.home / "keys")

    @classmethod
    def load(
        cls, settings: Settings | None = None, environ: Mapping[str, str] | None = None
    ) -> ServiceConfig:
        """Read settings and environment. Raises `UserError` for a value that is not understood."""
        environ = os.environ if environ is None else environ
        if settings is None:
            settings, _ = load_settings(environ=environ)  # catalyst: blocking(before it serves)
        serve = settings.serve
        url = settings.database.url
        return cls(
            settings=settings,
            home=state_dir().absolute(),
            database_url=url.get_secret_value() if url else None,
            registration=serve.registration,
            access_s=serve.access_token_minutes * 60.0,
            refresh_s=serve.refresh_token_days * 86_400.0,
            upload_bytes=serve.max_upload_mb << 20,
            quota_bytes=serve.quota_mb << 20,
            quota_documents=serve.quota_documents,
            silence_s=serve.client_silence_seconds,
            logins_per_minute=serve.logins_per_minute,
            secure_cookies=serve.secure_cookies,
            trusted_proxies=tuple(map(_network, serve.trusted_proxies)),
            workers=int(environ.get("CATALYST_WORKERS") or 1),
        )


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise UserError(
            f"setting 'serve.trusted_proxies': {text!r} is no address or network"
        ) from None
