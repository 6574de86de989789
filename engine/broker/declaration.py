"""The topics as `topics.yaml` declares them, with this deployment's overrides applied. Asks no broker."""

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from engine.broker.settings import Settings
from engine.errors import UsageError

MIN_ISR = "min.insync.replicas"
EMBEDDED_PARTITIONS = 4
EMBEDDED_REPLICATION = 1

_UNITS = {"h": 3_600_000, "d": 86_400_000, "KiB": 1 << 10, "MiB": 1 << 20}
_AMOUNT = re.compile(r"(\d+)(h|d|KiB|MiB)")


@dataclass(frozen=True, slots=True)
class Topic:
    """A declared topic; `name` without the prefix, `configs` sorted and as Kafka spells them.

    `free`: the partition count is a proposal for creation only.
    """

    name: str
    partitions: int
    replication: int
    configs: tuple[tuple[str, str], ...]
    about: str = ""
    free: bool = False


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Kind(_Strict):
    free: bool = False
    configs: dict[str, str | bool | int] = {}


class _Entry(_Strict):
    kind: str
    partitions: int | None = Field(None, ge=1)
    configs: dict[str, str | bool | int] = {}
    about: str = ""


class _File(_Strict):
    partitions: int = Field(ge=1)
    replication: int = Field(ge=1)
    defaults: dict[str, str | bool | int] = {}
    kinds: dict[str, _Kind]
    topics: dict[str, _Entry]


def declared(settings: Settings) -> tuple[Topic, ...]:
    """The topics of `settings.topics_file`, overrides applied; raises UsageError naming the file and the place."""
    path = settings.topics_file
    content = _read(path)
    partitions = settings.partitions or (EMBEDDED_PARTITIONS if settings.embedded else content.partitions)
    replication = replication_of(settings, content.replication)
    topics = []
    for name, entry in content.topics.items():
        if entry.kind not in content.kinds:
            raise UsageError(f"{path}: topics.{name}.kind: {entry.kind!r} is none of {', '.join(content.kinds)}")
        kind = content.kinds[entry.kind]
        configs = {key: _spelled(value) for key, value in (content.defaults | kind.configs | entry.configs).items()}
        if MIN_ISR in configs:
            configs[MIN_ISR] = str(min_isr(replication, int(configs[MIN_ISR])))
        count = entry.partitions or partitions
        topics.append(Topic(name, count, replication, tuple(sorted(configs.items())), entry.about, kind.free))
    return tuple(topics)


def replication_of(settings: Settings, declared_factor: int) -> int:
    """How many replicas this deployment asks for."""
    return settings.replication or (EMBEDDED_REPLICATION if settings.embedded else declared_factor)


def min_isr(replication: int, asked: int) -> int:
    """How many replicas must have a record before it counts; one broker may be down where there are several."""
    return max(1, min(asked, replication - 1))


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))
    except FileNotFoundError:
        raise UsageError(f"no topics file {path}: give one by GUERDON_TOPICS_FILE") from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UsageError(f"{path}: {error}") from error
    except ValidationError as error:
        places = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UsageError(f"{path}: " + "; ".join(places)) from None


def _spelled(value: str | bool | int) -> str:
    """A setting's value as the broker spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    amount = _AMOUNT.fullmatch(str(value))
    return str(int(amount[1]) * _UNITS[amount[2]]) if amount else str(value)
