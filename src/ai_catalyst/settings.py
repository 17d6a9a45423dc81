"""One settings model: flag > environment > YAML > default, and where each value came from.

Every key has a type, a unit in its name or description, and a range. A wrong value is refused with
the key, the value, the place it came from and what is allowed; an unknown key with the nearest
known one.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ai_catalyst.errors import UserError

__all__ = ["ENVIRONMENT", "EndpointSettings", "Settings", "find_config", "load_settings"]

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: object) -> object:
    """Read ``"30s"``, ``"2m"``, ``"1h"`` or a plain number of seconds."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", value.lower())
        if match and match[2] in _UNITS:
            return float(match[1]) * _UNITS[match[2]]
    return value


def _listed(value: object) -> object:
    """Read a comma-separated text as a list, as environment variables have no lists."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Names = Annotated[list[str], BeforeValidator(_listed)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_default=True, populate_by_name=True)


class AsyncSettings(_Section):
    """How many documents at once, and how long one may take."""

    enabled: bool = Field(True, description="work on many documents at once")
    max_concurrent: int = Field(5, ge=1, le=10_000, description="documents at once")
    timeout: Seconds = Field(30.0, description="fetch and extract of one document, seconds")
    use_streaming: bool = Field(True, description="read a model's answer as it comes")
    batch_size: int = Field(5, ge=1, le=1000, description="small documents a model call")


class RateSettings(_Section):
    """How fast one host is asked."""

    rps: float = Field(10.0, gt=0, description="requests a second and host")
    burst: int = Field(5, ge=1, description="requests at once and host")
    backoff_factor: float = Field(1.5, ge=1, description="growth of the wait between retries")


class DatabaseSettings(_Section):
    """Where the store is."""

    url: SecretStr | None = Field(None, description="default: SQLite in the state folder")
    pool_size: int = Field(5, ge=1, le=500, description="connections kept open")
    async_enabled: bool = Field(True, description="use asynchronous drivers")


class CacheSettings(_Section):
    """What is remembered, where and for how long."""

    enabled: bool = Field(True, description="remember pages and answers")
    l1_size_mb: int = Field(256, ge=0, description="memory, MiB")
    l2_enabled: bool = Field(True, description="keep on disk too")
    redis_url: SecretStr | None = Field(None, description="keep in Redis, not on disk")
    ttl_rss: Seconds = Field(3600.0, description="feeds, seconds")
    ttl_scraped: Seconds = Field(604_800.0, description="web pages, seconds")
    ttl_api: Seconds = Field(2_592_000.0, description="models' answers, seconds")


class ServeSettings(_Section):
    """How the assistant's service is run."""

    registration: Literal["open", "closed"] = Field("open", description="who may make an account")
    access_token_minutes: int = Field(15, ge=1, le=1440, description="a token is good, minutes")
    refresh_token_days: int = Field(30, ge=1, le=366, description="a session lasts, days")
    max_upload_mb: int = Field(50, ge=1, le=10_240, description="largest upload, MiB")
    quota_mb: int = Field(2048, ge=1, description="documents of one account, MiB together")
    quota_documents: int = Field(20_000, ge=1, description="documents of one account")
    client_silence_seconds: float = Field(
        30.0, ge=0.5, le=3600, description="a client that does nothing is cut off, seconds"
    )
    logins_per_minute: float = Field(60.0, gt=0, description="sign-ins a minute and address")
    secure_cookies: bool = Field(False, description="cookies over HTTPS only")
    embeddings: str = Field(
        "", description="search by meaning too: 'endpoint', or a folder with model.onnx"
    )
    trusted_proxies: Names = Field(
        default_factory=list, description="addresses whose X-Forwarded-For is believed"
    )


class EndpointSettings(_Section):
    """One model endpoint; the fields of `ai_catalyst.llm.Endpoint`."""

    name: str
    tier: Literal["local", "network", "cloud"]
    url: str
    model: str | None = None
    key: SecretStr | None = None
    wire: Literal["openai", "anthropic", "mistral"] = "openai"
    private: bool | None = None
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)
    max_concurrent: int | None = Field(None, ge=1)


class Settings(BaseSettings):
    """All settings of the command line and the service."""

    model_config = SettingsConfigDict(
        extra="forbid", validate_default=True, populate_by_name=True, hide_input_in_errors=True
    )

    async_: AsyncSettings = Field(default_factory=AsyncSettings, alias="async")
    rate_limiting: RateSettings = Field(default_factory=RateSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)
    request_timeout: Seconds = Field(30.0, description="one HTTP request, seconds")
    api_timeout: Seconds = Field(60.0, description="one model attempt, seconds")
    api_provider: Literal["anthropic", "mistral", "openai", "local"] = Field(
        "anthropic", description="which provider comes first"
    )
    failover: Literal["hedged", "sequential", "concurrent"] = Field(
        "hedged", description="how the next endpoint takes over"
    )
    model: str | None = Field(None, description="a model's name, or none for no model")
    budget_usd: float | None = Field(None, ge=0, description="most that a run may cost, USD")
    privacy: Literal["auto", "off"] = Field("auto", description="the gate before the cloud")
    endpoints: list[EndpointSettings] = Field(default_factory=list)
    feeds: Names = Field(default_factory=list, description="read when no source is named")
    allow_hosts: Names = Field(default_factory=list, description="private hosts that may be read")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    output: str = Field("output", description="folder of the reports")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load_settings` alone, which knows where each one came from."""
        return (init_settings,)


ENVIRONMENT: Mapping[str, str] = {
    "MAX_CONCURRENT_ARTICLES": "async.max_concurrent",
    "RATE_LIMIT_RPS": "rate_limiting.rps",
    "RATE_LIMIT_BURST": "rate_limiting.burst",
    "REQUEST_TIMEOUT": "request_timeout",
    "API_TIMEOUT": "api_timeout",
    "API_PROVIDER": "api_provider",
    "LOG_LEVEL": "log_level",
    "DATABASE_URL": "database.url",
    "CATALYST_EMBEDDINGS": "serve.embeddings",
    "CATALYST_REGISTRATION": "serve.registration",
    "CATALYST_SECURE_COOKIES": "serve.secure_cookies",
    "CATALYST_TRUSTED_PROXIES": "serve.trusted_proxies",
    "RSS_FEED_URL": "feeds",
    "CATALYST_ALLOW_HOSTS": "allow_hosts",
    "CATALYST_BUDGET_USD": "budget_usd",
    "CATALYST_FAILOVER": "failover",
    "CATALYST_MODEL": "model",
    "CATALYST_OUTPUT": "output",
    "CATALYST_PRIVACY": "privacy",
}
"""The environment variables that are settings, and the key each one sets."""

_FILES = (Path("catalyst.yaml"), Path("config/config.yaml"))

Layer = tuple[str, dict[str, Any]]
"""Where values came from, and the values as nested mappings."""


def find_config(config: Path | str | None, environ: Mapping[str, str]) -> Path | None:
    """Return the YAML file in force: the one named, ``CATALYST_CONFIG``, or a usual place."""
    named = config or environ.get("CATALYST_CONFIG")
    if named:
        if not Path(named).is_file():
            what = "is no file" if Path(named).exists() else "does not exist"
            raise UserError(f"the settings file {str(named)!r} {what}")
        return Path(named)
    return next((path for path in _FILES if path.is_file()), None)


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    config: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Return the settings in force and, for each dotted key, where its value came from.

    ``flags`` maps dotted keys (``"async.max_concurrent"``) to values; None means not given.
    Raises `UserError` naming key, value, place and what is allowed.
    """
    environ = os.environ if environ is None else environ
    layers = [_default_layer(), *_yaml_layer(config, environ), _environment_layer(environ)]
    layers.append(("flag", _nest({k: v for k, v in (flags or {}).items() if v is not None})))
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in layers:
        _merge(merged, values)
        origins.update({key: _named(origin, key) for key in _leaves(values)})
    try:
        return Settings(**merged), origins
    except ValidationError as error:
        raise UserError(_explain(error, origins, merged)) from None


def _named(origin: str, key: str) -> str:
    if origin != "environment":
        return origin
    return next(f"{origin} {name}" for name, target in ENVIRONMENT.items() if target == key)


def _default_layer() -> Layer:
    return "default", Settings().model_dump(by_alias=True)


def _yaml_layer(config: Path | str | None, environ: Mapping[str, str]) -> Iterator[Layer]:
    path = find_config(config, environ)
    if path is None:
        return
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the settings file {str(path)!r} cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise UserError(f"{path}, line {line}: not valid YAML ({error.problem})") from error
    if values is None:
        return
    if not isinstance(values, dict):
        raise UserError(f"the settings file {str(path)!r} must hold keys and values")
    yield str(path), values


def _environment_layer(environ: Mapping[str, str]) -> Layer:
    given = {key: environ[name] for name, key in ENVIRONMENT.items() if environ.get(name)}
    if "log_level" in given:
        given["log_level"] = given["log_level"].upper()
    return "environment", _nest(given)


def _nest(dotted: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in dotted.items():
        *parents, leaf = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return nested


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _explain(error: ValidationError, origins: Mapping[str, str], given: Mapping[str, Any]) -> str:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    origin = _origin(path, origins)
    if first["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.4)
        hint = f"; did you mean {'.'.join([*path[:-1], near[0]])!r}?" if near else ""
        return f"unknown setting {key!r} ({origin}){hint}"
    value = _shown(path, given)
    allowed = first["msg"].lower().removeprefix("input ").removeprefix("value error, ")
    return f"setting {key!r} = {value} ({origin}) {allowed}"


def _origin(path: list[str], origins: Mapping[str, str]) -> str:
    """Return where a value came from: its own place, a list's that holds it, or a part's of it."""
    for end in range(len(path), 0, -1):
        key = ".".join(path[:end])
        for known, origin in reversed(list(origins.items())):
            if known == key or known.startswith(f"{key}."):
                return origin
    return "settings"


def _shown(path: list[str], given: Mapping[str, Any]) -> str:
    """Return the refused value, unless it may be a secret."""
    if path[-1] in {"key", "url"}:
        return "(hidden)"
    value: Any = given
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return repr(value)


def _known_keys(path: list[str]) -> list[str]:
    model: Any = Settings
    for part in path:
        if part.isdigit():
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        annotation = fields[part].annotation
        model = EndpointSettings if part == "endpoints" else annotation
    return [field.alias or name for name, field in model.model_fields.items()]
