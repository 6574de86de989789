"""Which deployment a command speaks to: settings first, else the embedded broker that `up` left word of in this folder."""

from pathlib import Path

import orjson

from engine.broker.embedded import listening
from engine.broker.settings import Settings, load_settings
from engine.errors import UsageError

DATA_DIR = Path(".guerdon")
WORD = "up.json"  # settings as JSON, there while `guerdon up` runs


def deployment(**given: object) -> Settings:
    """The settings; what is given as None is not given. Raises UsageError naming each bad setting."""
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(**chosen)
    if settings.bootstrap is not None:
        return settings
    return load_settings(**{**left_word(DATA_DIR), **chosen})


def left_word(data_dir: Path) -> dict[str, object]:
    """The settings that a running `up` left in its folder, empty where none runs."""
    path = data_dir / WORD
    try:
        word: dict[str, object] = orjson.loads(path.read_bytes())["settings"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); delete it if no `guerdon up` runs") from error
    return word


def leave_word(data_dir: Path, settings: dict[str, object], broker_pid: int | None) -> None:
    """Tells the commands of other terminals which broker runs here."""
    (data_dir / WORD).write_bytes(orjson.dumps({"settings": settings, "broker_pid": broker_pid}))


def demand_free(data_dir: Path) -> None:
    """Raises UsageError where the broker of another `up` still runs on this folder."""
    bootstrap = str(left_word(data_dir).get("bootstrap", ""))
    port = bootstrap.rpartition(":")[2]
    if port.isdigit() and listening(int(port)):
        pid = orjson.loads((data_dir / WORD).read_bytes()).get("broker_pid")
        raise UsageError(f"{data_dir} is in use: its broker answers at {bootstrap} (pid {pid}); stop that one first")
