"""What of a public record may be shown to whoever may not see personal values: only what the journal has in clear as well."""

from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden: --unseal shows it)"
_ENVELOPE = frozenset({"specversion", "id", "source", "type", "time", "dataschema", "datacontenttype"})


def masked(public: Any, journal: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """A CloudEvent of the structured mode, or the bare payload of the binary one, with everything else hidden."""
    if not isinstance(public, Mapping):
        return HIDDEN
    if "data" not in public or "specversion" not in public:
        return _known(public, journal)
    return {
        name: _known(value, journal) if name == "data" else value if name in _ENVELOPE else HIDDEN
        for name, value in public.items()
    }


def _known(public: Any, journal: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same value where the journal has it at the same place."""
    if isinstance(public, Mapping):
        there = journal if isinstance(journal, Mapping) else {}
        return {name: _known(value, there.get(name)) for name, value in public.items()}
    if isinstance(public, list):
        items = journal if isinstance(journal, list) else []
        return [_known(value, items[at] if at < len(items) else None) for at, value in enumerate(public)]
    return public if public is None or (public == journal and type(public) is type(journal)) else HIDDEN
