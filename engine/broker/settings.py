"""Settings by environment or file: where the broker is, how to speak to it, and what this deployment is called.

Every setting is a variable `GUERDON_<NAME>`; the same names in lower case stand in the file that `GUERDON_SETTINGS` names.
"""

import os
import ssl
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from engine.errors import UsageError

ENV_PREFIX = "GUERDON_"
FILE_VARIABLE = "GUERDON_SETTINGS"
# Known to everybody, so it protects nothing: good for one machine and invented members only.
DEVELOPMENT_SECRET = "development-only-secret-of-guerdon-0000"  # noqa: S105 - public on purpose, refused outside embedded
SECRET_BYTES = 32

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Settings(BaseSettings):
    """One deployment's settings; build it with `load_settings`, whose errors name the variable."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, populate_by_name=True, extra="forbid", frozen=True)

    # Where and who
    bootstrap: str | None = Field(None, validation_alias=AliasChoices("GUERDON_BOOTSTRAP", "KAFKA_BOOTSTRAP"))
    embedded: bool = False  # the broker is the embedded one: small, one machine, development
    prefix: str = Field("loyalty.", pattern=r"^[A-Za-z0-9._-]*$", max_length=100)
    app_id: str = Field("guerdon", pattern=r"^[A-Za-z0-9._-]+$", max_length=100)
    membership_group: str | None = None  # the group whose membership hands out partitions; `app_id` by default
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
    max_batch_bytes: int = Field(512 << 10, ge=16 << 10)  # a produced batch; at most half of `max.message.bytes`
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

    @property
    def group(self) -> str:
        """The group whose membership hands out partitions."""
        return self.membership_group or self.app_id

    @property
    def secret_bytes(self) -> bytes:
        """The deployment's secret; at least 32 bytes."""
        return self.secret.get_secret_value().encode()


def load_settings(**given: Any) -> Settings:
    """The settings from `given`, the environment and the file, in this order; raises UsageError naming each bad variable."""
    raise NotImplementedError


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client of this deployment takes: bootstrap servers, TLS and SASL.

    Keys: bootstrap_servers, client_id, request_timeout_ms, security_protocol, ssl_context, sasl_mechanism, sasl_plain_username,
    sasl_plain_password (the last four only where asked for). Raises UsageError for unreadable certificate files or no bootstrap.
    """
    raise NotImplementedError
