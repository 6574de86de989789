"""Where a history is read from: an archive's folder, or the broker of the settings."""

from pathlib import Path

from engine.broker.settings import Settings
from engine.errors import ExtraMissing
from engine.history.history import History
from engine.history.live import Live


def open_history(source: Path | None, settings: Settings) -> History:
    """The archive in a folder; without one the deployment of the settings, cut now.

    Raises UsageError where the folder holds no archive or what reads one is not installed.
    """
    if source is None:
        return Live.at(settings)
    try:
        from engine.history.archive import Archive  # noqa: PLC0415 - pyarrow is an extra
    except ModuleNotFoundError as missing:
        raise ExtraMissing("archives need", missing.name, "analysis") from missing
    return Archive(source)
