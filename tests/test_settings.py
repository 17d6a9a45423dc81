"""Settings: flag over environment over YAML over default, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.settings import ENVIRONMENT, load_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_beats_the_environment_which_beats_yaml_which_beats_the_default(
    tmp_path: Path,
) -> None:
    config = write(tmp_path / "mine.yaml", "rate_limiting: {rps: 2, burst: 3}\nlog_level: ERROR\n")
    environ = {"RATE_LIMIT_BURST": "7", "LOG_LEVEL": "debug"}

    settings, origins = load_settings({"log_level": "WARNING"}, config=config, environ=environ)

    assert (settings.rate_limiting.rps, origins["rate_limiting.rps"]) == (2.0, str(config))
    assert settings.rate_limiting.burst == 7
    assert origins["rate_limiting.burst"] == "environment RATE_LIMIT_BURST"
    assert (settings.log_level, origins["log_level"]) == ("WARNING", "flag")
    assert (settings.request_timeout, origins["request_timeout"]) == (30.0, "default")


def test_the_defaults_are_those_of_the_contract() -> None:
    settings, _ = load_settings(environ={})
    assert settings.async_.enabled
    assert settings.async_.max_concurrent == 5
    assert settings.async_.timeout == 30
    assert settings.async_.use_streaming
    assert settings.async_.batch_size == 5
    assert (settings.rate_limiting.rps, settings.rate_limiting.burst) == (10, 5)
    assert settings.rate_limiting.backoff_factor == 1.5
    assert settings.database.pool_size == 5
    assert settings.database.async_enabled
    assert (settings.cache.enabled, settings.cache.l1_size_mb, settings.cache.l2_enabled) == (
        True,
        256,
        True,
    )
    assert settings.cache.ttl_rss == 3600
    assert settings.cache.ttl_scraped == 604_800
    assert settings.cache.ttl_api == 2_592_000
    assert (settings.request_timeout, settings.api_timeout) == (30, 60)
    assert (settings.api_provider, settings.failover) == ("anthropic", "hedged")
    assert settings.log_level == "INFO"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("2m", 120), ("1h", 3600), ("1d", 86_400), ("250ms", 0.25), ("45", 45), (3, 3)],
)
def test_a_duration_is_a_number_of_seconds_or_has_a_unit(text: object, seconds: float) -> None:
    settings, _ = load_settings({"async.timeout": text}, environ={})
    assert settings.async_.timeout == seconds


def test_lists_come_from_the_environment_separated_by_commas() -> None:
    environ = {"RSS_FEED_URL": "a.xml, b.xml ,", "CATALYST_ALLOW_HOSTS": "intranet"}
    settings, _ = load_settings(environ=environ)
    assert settings.feeds == ["a.xml", "b.xml"]
    assert settings.allow_hosts == ["intranet"]


@pytest.mark.parametrize(
    ("yaml", "complaint"),
    [
        ("asyn: {enabled: true}", "unknown setting 'asyn' (c.yaml); did you mean 'async'?"),
        (
            "async: {max_concurent: 3}",
            "unknown setting 'async.max_concurent' (c.yaml); did you mean 'async.max_concurrent'?",
        ),
        (
            "async: {max_concurrent: 0}",
            "setting 'async.max_concurrent' = 0 (c.yaml) should be greater than or equal to 1",
        ),
        ("rate_limiting: {rps: fast}", "setting 'rate_limiting.rps' = 'fast' (c.yaml) should be"),
        ("rate_limiting: 5", "setting 'rate_limiting' = 5 (c.yaml) should be a valid dictionary"),
        ("async: {timeout: 3 fortnights}", "setting 'async.timeout' = '3 fortnights' (c.yaml)"),
        (
            "endpoints: [{name: a, tier: moon, url: u}]",
            "setting 'endpoints.0.tier' = 'moon' (c.yaml) should be 'local', 'network' or 'cloud'",
        ),
        (
            "endpoints: [{name: a, tier: local, url: u, modell: m}]",
            "unknown setting 'endpoints.0.modell' (c.yaml); did you mean 'endpoints.0.model'?",
        ),
        ("a: [", "c.yaml, line 1: not valid YAML"),
        ("- just\n- a list", "the settings file 'c.yaml' must hold keys and values"),
    ],
)
def test_a_wrong_file_is_refused_by_key_value_and_place(yaml: str, complaint: str) -> None:
    write(Path("c.yaml"), yaml)
    with pytest.raises(UserError) as caught:
        load_settings(config="c.yaml", environ={})
    assert complaint in str(caught.value)


def test_a_wrong_variable_is_refused_by_its_name() -> None:
    with pytest.raises(
        UserError, match=r"'rate_limiting.rps' = '-1' \(environment RATE_LIMIT_RPS\)"
    ):
        load_settings(environ={"RATE_LIMIT_RPS": "-1"})


def test_a_refused_secret_is_never_shown() -> None:
    write(Path("c.yaml"), "endpoints: [{name: a, tier: local, url: u, key: [not-a-real-key]}]")
    with pytest.raises(UserError) as caught:
        load_settings(config="c.yaml", environ={})
    assert "not-a-real-key" not in str(caught.value)
    assert "endpoints.0.key" in str(caught.value)


def test_a_key_does_not_show_when_settings_are_printed() -> None:
    write(Path("c.yaml"), "endpoints: [{name: a, tier: local, url: u, key: not-a-real-key}]")
    settings, _ = load_settings(config="c.yaml", environ={})
    assert "not-a-real-key" not in repr(settings)
    assert settings.endpoints[0].key is not None
    assert settings.endpoints[0].key.get_secret_value() == "not-a-real-key"


def test_the_file_is_the_one_named_or_that_of_the_environment_or_of_a_usual_place() -> None:
    write(Path("config/config.yaml"), "model: third")
    assert load_settings(environ={})[0].model == "third"
    write(Path("catalyst.yaml"), "model: second")
    assert load_settings(environ={})[0].model == "second"
    write(Path("other.yaml"), "model: first")
    assert load_settings(environ={"CATALYST_CONFIG": "other.yaml"})[0].model == "first"
    write(Path("named.yaml"), "model: named")
    settings, _ = load_settings(config="named.yaml", environ={"CATALYST_CONFIG": "other.yaml"})
    assert settings.model == "named"


def test_a_named_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UserError, match=r"'nowhere.yaml' does not exist"):
        load_settings(config="nowhere.yaml", environ={})


def test_an_empty_file_changes_nothing() -> None:
    write(Path("catalyst.yaml"), "# nothing yet\n")
    assert load_settings(environ={})[0] == load_settings(config=None, environ={})[0]


def test_every_variable_sets_a_key_that_exists() -> None:
    _, origins = load_settings(environ={})
    assert set(ENVIRONMENT.values()) <= set(origins)
