import re
import ssl
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from engine.broker.settings import Settings, client_options, load_settings
from engine.errors import UsageError
from tests.support.brokers import ROOT

LONG_SECRET = "0123456789" * 4


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def test_the_bootstrap_is_read_from_either_variable(env: pytest.MonkeyPatch) -> None:
    env.setenv("KAFKA_BOOTSTRAP", "k:1")
    assert load_settings().bootstrap == "k:1"
    env.setenv("GUERDON_BOOTSTRAP", "g:2")
    assert load_settings().bootstrap == "g:2"
    assert load_settings(bootstrap="given:3").bootstrap == "given:3"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("guerdon.toml", 'bootstrap = "f:1"\nprefix = "from-file."\nweb_port = 7000\n'),
        ("guerdon.env", "GUERDON_BOOTSTRAP=f:1\nGUERDON_PREFIX=from-file.\nGUERDON_WEB_PORT=7000\nCOMPOSE_THING=1\n"),
        ("kafka.env", "KAFKA_BOOTSTRAP=f:1\nGUERDON_PREFIX=from-file.\nGUERDON_WEB_PORT=7000\n"),
    ],
)
def test_the_environment_wins_over_the_file(env: pytest.MonkeyPatch, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    env.setenv("GUERDON_SETTINGS", str(tmp_path / name))
    env.setenv("GUERDON_WEB_PORT", "8000")
    settings = load_settings()
    assert (settings.bootstrap, settings.prefix, settings.web_port) == ("f:1", "from-file.", 8000)


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"GUERDON_WEB_PORT": "http"}, "GUERDON_WEB_PORT: Input should be a valid integer"),
        ({"GUERDON_WEB_PORT": "70000"}, "GUERDON_WEB_PORT: Input should be less than or equal to 65535"),
        ({"GUERDON_SECRET": "short"}, "GUERDON_SECRET: needs at least 32 bytes"),
        ({"KAFKA_BOOTSTRAP": "localhost"}, "GUERDON_BOOTSTRAP: 'localhost' is not host:port"),
        ({"GUERDON_SECURITY_PROTOCOL": "TLS"}, "GUERDON_SECURITY_PROTOCOL: Input should be 'PLAINTEXT', 'SSL'"),
        ({"GUERDON_SECURITY_PROTOCOL": "SASL_SSL"}, "needs GUERDON_SASL_USERNAME and GUERDON_SASL_PASSWORD"),
        ({"GUERDON_SASL_USERNAME": "me"}, "GUERDON_SASL_USERNAME is set, but GUERDON_SECURITY_PROTOCOL=PLAINTEXT"),
        ({"GUERDON_TLS_CA_FILE": "ca.pem"}, "GUERDON_TLS_CA_FILE is set, but GUERDON_SECURITY_PROTOCOL=PLAINTEXT"),
        ({"GUERDON_TLS_KEY_FILE": "key.pem"}, "GUERDON_TLS_CERT_FILE and GUERDON_TLS_KEY_FILE go together"),
        ({"GUERDON_HEARTBEAT_INTERVAL_MS": "9000"}, "GUERDON_HEARTBEAT_INTERVAL_MS must be at most 1/3"),
        ({"GUERDON_SECURTY_PROTOCOL": "SSL"}, "is not a setting, did you mean GUERDON_SECURITY_PROTOCOL?"),
        ({"GUERDON_SETTINGS": "/nowhere/guerdon.toml"}, "GUERDON_SETTINGS=/nowhere/guerdon.toml"),
        ({"GUERDON_SETTINGS": "/nowhere/guerdon.env"}, "GUERDON_SETTINGS=/nowhere/guerdon.env"),
    ],
)
def test_a_bad_setting_is_named(env: pytest.MonkeyPatch, variables: dict[str, str], complaint: str) -> None:
    for name, value in variables.items():
        env.setenv(name, value)
    with pytest.raises(UsageError) as refused:
        load_settings()
    assert complaint in str(refused.value)


def test_all_bad_settings_are_named_at_once(env: pytest.MonkeyPatch) -> None:
    env.setenv("GUERDON_WEB_PORT", "x")
    env.setenv("GUERDON_EPOCH", "-1")
    with pytest.raises(UsageError, match=r"GUERDON_EPOCH: .*; GUERDON_WEB_PORT: "):
        load_settings()


def test_a_typo_in_the_file_is_named(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('prefx = "p."\n', "utf-8")
    env.setenv("GUERDON_SETTINGS", str(tmp_path / "s.toml"))
    with pytest.raises(UsageError, match=r"GUERDON_PREFX in .* did you mean GUERDON_PREFIX"):
        load_settings()


def test_secrets_are_in_no_text(env: pytest.MonkeyPatch) -> None:
    env.setenv("GUERDON_SECRET", LONG_SECRET)
    env.setenv("GUERDON_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    env.setenv("GUERDON_SASL_USERNAME", "me")
    env.setenv("GUERDON_SASL_PASSWORD", "hidden-password")
    settings = load_settings()
    assert LONG_SECRET not in repr(settings)
    assert "hidden-password" not in repr(settings)
    env.setenv("GUERDON_SECRET", "hidden-and-short")
    with pytest.raises(UsageError) as refused:
        load_settings()
    assert "hidden-and-short" not in str(refused.value)


def test_the_known_secret_is_refused_on_a_real_broker() -> None:
    real = load_settings(bootstrap="k:1")
    with pytest.raises(UsageError, match="GUERDON_SECRET is not set"):
        _ = real.secret_bytes
    assert load_settings(bootstrap="k:1", secret=LONG_SECRET).secret_bytes == LONG_SECRET.encode()
    assert len(load_settings(bootstrap="k:1", embedded=True).secret_bytes) >= 32
    assert load_settings(embedded=True).development_secret


def test_the_membership_group_is_fresh_at_each_start_on_the_embedded_broker_only() -> None:
    first, second = (load_settings(embedded=True, prefix="p.", app_id="a") for _ in range(2))
    assert first.membership_group != second.membership_group
    assert first.membership_group.startswith("p.a-")
    assert load_settings(prefix="p.", app_id="a").membership_group == "p.a"
    assert first.intake_group == second.intake_group == "p.a-intake"


def test_two_prefixes_share_neither_topics_nor_groups_nor_producers() -> None:
    settings = load_settings(prefix="x.")
    assert settings.topic("journal") == "x.journal"
    assert settings.short("x.journal") == "journal"
    assert settings.transactional_id("decide", 3) == "x.guerdon-decide-3"


def options_of(**given: object) -> dict[str, object]:
    return client_options(load_settings(bootstrap="a:1, b:2", **given))


def test_clients_get_their_options_from_the_settings() -> None:
    plain = options_of()
    assert plain["bootstrap_servers"] == ["a:1", "b:2"]
    assert plain["security_protocol"] == "PLAINTEXT"
    assert "ssl_context" not in plain
    sasl = options_of(security_protocol="SASL_SSL", sasl_username="me", sasl_password="p" * 3, sasl_mechanism="PLAIN")
    assert (sasl["sasl_plain_username"], sasl["sasl_plain_password"]) == ("me", "ppp")
    assert sasl["sasl_mechanism"] == "PLAIN"
    context = sasl["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_unreadable_certificates_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", "utf-8")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(UsageError, match=rf"GUERDON_TLS_CA_FILE={path}"):
            options_of(security_protocol="SSL", tls_ca_file=path)


def test_no_bootstrap_is_a_matter_of_usage() -> None:
    with pytest.raises(UsageError, match="KAFKA_BOOTSTRAP is not set"):
        client_options(load_settings())


def test_the_compose_file_uses_settings_that_exist() -> None:
    compose = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.kafka.yml").read_text("utf-8"))
    known = {f"GUERDON_{field.upper()}" for field in Settings.model_fields}
    workers = [compose["services"][name] for name in ("worker-1", "worker-2")]
    for worker in workers:
        assert set(worker["environment"]) <= known
        assert worker["environment"]["GUERDON_BOOTSTRAP"] == "kafka:19092"
    assert len({worker["ports"][0] for worker in workers}) == 2


def test_the_example_file_has_every_default(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    shown = [line.removeprefix("# ") for line in lines if re.match(r"# GUERDON_[A-Z_]+=\S", line)]
    secret = ["GUERDON_SECRET=" + LONG_SECRET]
    (tmp_path / "shown.env").write_text("\n".join(shown + secret), "utf-8")
    env.setenv("GUERDON_SETTINGS", str(tmp_path / "shown.env"))
    from_example = load_settings(partitions=None, replication=None)
    env.delenv("GUERDON_SETTINGS")
    assert from_example == load_settings(secret=LONG_SECRET)


def test_every_setting_is_documented() -> None:
    texts = {name: (ROOT / name).read_text("utf-8") for name in ("docs/operations.md", ".env.example")}
    missing = [
        f"{variable} in {name}"
        for variable in (f"GUERDON_{field.upper()}" for field in Settings.model_fields)
        for name, text in texts.items()
        if variable not in text
    ]
    assert missing == []
