"""Settings by environment or file: where the broker is, how to speak to it, and what this deployment is called.

Every setting is a variable `GUERDON_<NAME>`; the same names in lower case stand in the TOML file that
`GUERDON_SETTINGS` names (a file ending in `.env` has the variables themselves). The environment wins over the file.
"""

import difflib
import os
import secrets
import ssl
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from engine.errors import UsageError

ENV_PREFIX = "GUERDON_"
FILE_VARIABLE = "GUERDON_SETTINGS"
TEST_PREFIX = "GUERDON_TEST_"  # variables of the test suite; never settings
# Known to everybody, so it protects nothing: good for one machine and invented members only.
DEVELOPMENT_SECRET = "development-only-secret-of-guerdon-0000"  # noqa: S105 - public on purpose, refused outside embedded
SECRET_BYTES = 32
MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
HEARTBEATS_A_SESSION = 3  # below it one lost heartbeat costs the membership

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def _membership_group(values: Mapping[str, Any]) -> str:
    """Prefix and application; on the embedded broker a fresh one: its coordinator never replaces a leader that died."""
    group = f"{values.get('prefix', '')}{values.get('app_id', 'guerdon')}"
    return f"{group}-{secrets.token_hex(4)}" if values.get("embedded") else group


class Settings(BaseSettings):
    """One deployment's settings; build it with `load_settings`, whose errors name the variable."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, populate_by_name=True, extra="forbid", frozen=True)

    # Where and who
    bootstrap: str | None = Field(None, validation_alias=AliasChoices("GUERDON_BOOTSTRAP", "KAFKA_BOOTSTRAP"))
    embedded: bool = False  # the broker is the embedded one: small, one machine, development
    prefix: str = Field("loyalty.", pattern=r"^[A-Za-z0-9._-]*$", max_length=100)
    app_id: str = Field("guerdon", pattern=r"^[A-Za-z0-9._-]+$", max_length=100)
    membership_group: str = Field(
        default_factory=_membership_group
    )  # whose membership hands out partitions; prefix and `app_id` by default
    secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    epoch: int = Field(0, ge=0)  # raised when an input topic is re-created

    # How to speak to it
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_key_password: SecretStr | None = None
    request_timeout_ms: int = Field(10_000, ge=100)

    # Topics
    topics_file: Path = Path("topics.yaml")
    partitions: int | None = Field(None, ge=1, le=4096)
    replication: int | None = Field(None, ge=1, le=32)

    # The worker
    rules: Path = Path("rules")
    matcher: Literal["auto", "rete", "plain"] = "auto"
    max_event_bytes: int = Field(1 << 20, ge=1024)
    max_batch_bytes: int = Field(1 << 20, ge=16 << 10)  # a produced batch; at most half of `max.message.bytes`
    transaction_timeout_ms: int = Field(10_000, ge=1000)
    session_timeout_ms: int = Field(10_000, ge=1000)
    heartbeat_interval_ms: int = Field(2_000, ge=100)
    rebalance_timeout_ms: int = Field(30_000, ge=1000)
    web_bind: str = "127.0.0.1"
    web_port: int = Field(6066, ge=0, le=65535)  # 0: no web server
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def topic(self, short: str) -> str:
        """The broker's name of a topic: the prefix and the short name."""
        return self.prefix + short

    def short(self, topic: str) -> str:
        """The short name of one of the broker's topics."""
        return topic.removeprefix(self.prefix)

    def transactional_id(self, role: str, partition: int | None = None) -> str:
        """The id under which a producer fences its predecessor, one a deployment: `{prefix}{app_id}-decide-3`."""
        name = f"{self.prefix}{self.app_id}-{role}"
        return name if partition is None else f"{name}-{partition}"

    @property
    def intake_group(self) -> str:
        """The group id without members under which intake keeps its positions."""
        return f"{self.prefix}{self.app_id}-intake"

    @property
    def secret_bytes(self) -> bytes:
        """The deployment's secret, at least 32 bytes; raises UsageError for the known default on a real broker."""
        if self.development_secret and not self.embedded:
            raise UsageError(
                f"GUERDON_SECRET is not set: the development default is for the embedded broker only. {MAKE_ONE}"
            )
        return self.secret.get_secret_value().encode()

    @property
    def development_secret(self) -> bool:
        """Whether the secret is the default that everybody knows; whoever starts a worker on it says so loudly."""
        return self.secret.get_secret_value() == DEVELOPMENT_SECRET

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < SECRET_BYTES:
            raise ValueError(f"needs at least {SECRET_BYTES} bytes. {MAKE_ONE}")
        return secret

    @field_validator("bootstrap")
    @classmethod
    def _addresses(cls, bootstrap: str | None) -> str | None:
        for address in (bootstrap or "a:1").split(","):
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"{address!r} is not host:port; several are separated by commas")
        return bootstrap

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.security_protocol.startswith("SASL") and (self.sasl_username is None or self.sasl_password is None):
            raise ValueError(
                f"GUERDON_SECURITY_PROTOCOL={self.security_protocol} needs "
                "GUERDON_SASL_USERNAME and GUERDON_SASL_PASSWORD"
            )
        if self.sasl_username is not None and not self.security_protocol.startswith("SASL"):
            raise ValueError(
                f"GUERDON_SASL_USERNAME is set, but GUERDON_SECURITY_PROTOCOL={self.security_protocol} would not use it"
            )
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("GUERDON_TLS_CERT_FILE and GUERDON_TLS_KEY_FILE go together")
        if self.tls_ca_file is not None and not self.security_protocol.endswith("SSL"):
            raise ValueError(
                f"GUERDON_TLS_CA_FILE is set, but GUERDON_SECURITY_PROTOCOL={self.security_protocol} would not use it"
            )
        if self.heartbeat_interval_ms * HEARTBEATS_A_SESSION > self.session_timeout_ms:
            raise ValueError(
                f"GUERDON_HEARTBEAT_INTERVAL_MS must be at most 1/{HEARTBEATS_A_SESSION} of GUERDON_SESSION_TIMEOUT_MS"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names them; ours is one explicit file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then the file."""
        path = os.environ.get(FILE_VARIABLE)
        from_file = InitSettingsSource(settings_cls, _file_values(Path(path))) if path else None
        return (init_settings, env_settings, *([from_file] if from_file else []))


def load_settings(**given: object) -> Settings:
    """The settings from `given`, the environment and the file, in this order; UsageError names each bad variable."""
    unknown = [name for name in sorted(os.environ) if name.startswith(ENV_PREFIX) and not name.startswith(TEST_PREFIX)]
    _refuse_unknown([name for name in unknown if name not in _variables()], "the environment")
    try:
        return Settings(**dict[str, Any](given))
    except ValidationError as error:
        complaints = [_complaint(each) for each in error.errors() if each["type"] != "default_factory_not_called"]
        raise UsageError("settings: " + "; ".join(complaints)) from None


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client of this deployment takes: bootstrap servers, TLS and SASL.

    Keys: bootstrap_servers, request_timeout_ms, security_protocol, and where asked for ssl_context, sasl_mechanism,
    sasl_plain_username, sasl_plain_password. Raises UsageError for unreadable certificate files or no bootstrap.
    """
    if settings.bootstrap is None:
        raise UsageError("KAFKA_BOOTSTRAP is not set: which broker? (`guerdon up` starts an embedded one)")
    options: dict[str, Any] = {
        "bootstrap_servers": [address.strip() for address in settings.bootstrap.split(",")],
        "request_timeout_ms": settings.request_timeout_ms,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    if settings.sasl_username is not None and settings.sasl_password is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Verifies the broker's certificate and host name by the CA file or the system's; presents ours if there is one."""
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_cert_file is not None:
            password = settings.tls_key_password
            context.load_cert_chain(
                settings.tls_cert_file, settings.tls_key_file, password.get_secret_value() if password else None
            )
    except (OSError, ssl.SSLError) as error:
        files = f"GUERDON_TLS_CA_FILE={settings.tls_ca_file}, GUERDON_TLS_CERT_FILE={settings.tls_cert_file}"
        raise UsageError(f"cannot use the certificates ({files}, GUERDON_TLS_KEY_FILE): {error}") from error
    return context


def _variables() -> list[str]:
    return [ENV_PREFIX + name.upper() for name in Settings.model_fields] + [FILE_VARIABLE]


def _refuse_unknown(names: list[str], where: str) -> None:
    if names:
        raise UsageError(
            "settings: " + "; ".join(f"{name} in {where} is not a setting{_meant(name)}" for name in names)
        )


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name, _variables(), n=1)
    return f", did you mean {close[0]}?" if close else ""


def _file_values(path: Path) -> dict[str, Any]:
    """The file's settings by field name."""
    try:
        if path.suffix == ".env":
            values: dict[str, Any] = {key: value for key, value in dotenv_values(path).items() if value is not None}
            if not path.is_file():
                raise FileNotFoundError(f"no file {path}")
            if "KAFKA_BOOTSTRAP" in values:
                values.setdefault("GUERDON_BOOTSTRAP", values.pop("KAFKA_BOOTSTRAP"))
        else:
            values = {ENV_PREFIX + key.upper(): value for key, value in tomllib.loads(path.read_text("utf-8")).items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{FILE_VARIABLE}={path}: {error}") from error
    ours = {
        key: value for key, value in values.items() if key.startswith(ENV_PREFIX)
    }  # a .env file may serve others too
    _refuse_unknown([key for key in ours if key not in _variables()], str(path))
    return {key.removeprefix(ENV_PREFIX).lower(): value for key, value in ours.items()}


def _complaint(error: Mapping[str, Any]) -> str:
    """One mistake with its variable; never the value, which may be the secret."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0]).upper()
    return f"{name if name.startswith((ENV_PREFIX, 'KAFKA_')) else ENV_PREFIX + name}: {message}"
