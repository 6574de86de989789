"""Rows that somebody has read, as a view reads them."""

from collections.abc import Mapping

from engine.core.records import Row


class KeptRows:
    """The rows of one subject, as a view reads them."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows

    def get(self, key: str) -> Row | None:
        """A row."""
        return self._rows.get(key)

    def scan(self, prefix: str) -> list[str]:
        """The keys that begin so, in order."""
        return sorted(key for key in self._rows if key.startswith(prefix))

    def due_ms(self, key: str) -> int | None:  # noqa: ARG002  # no view asks
        """Nothing is known of it."""
        return None
