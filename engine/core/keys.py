"""Names of subjects and of their rows: `member:M-42`, `member:M-42/transaction/T-7`.

A row belongs to the subject before the first slash, so slashes in ids are escaped. Rows of a partition itself start with `_`.
"""

from collections.abc import Iterable

DUE_ORDER = (
    "hold",
    "pending",
    "tier",
    "lot",
    "sliding",
    "voucher",
    "warning",
    "schedule",
    "after",
)  # at one instant (B-31)
_DUE_RANKS = {collection: rank for rank, collection in enumerate(DUE_ORDER)}
_LAST_RANK = len(DUE_ORDER)
NEVER = "9999999999999"  # stands where an instant would, after all instants


def escaped(text: str) -> str:
    """Text that may stand between slashes."""
    if "/" in text or "%" in text:
        return text.replace("%", "%25").replace("/", "%2F")
    return text


def unescaped(text: str) -> str:
    """The text that was escaped."""
    return text.replace("%2F", "/").replace("%25", "%") if "%" in text else text


def subject(kind: str, name: str) -> str:
    """A subject of the journal, such as `member:M-42`."""
    return f"{kind}:{escaped(name)}"


def kind_of(subject_or_key: str) -> str:
    """The kind of a subject: `member` of `member:M-42`."""
    return subject_or_key.partition(":")[0]


def name_of(subject: str) -> str:
    """What a subject was named: the inverse of `subject`."""
    return unescaped(subject.partition(":")[2])


def owner_of(key: str) -> str:
    """The subject that a row belongs to."""
    slash = key.find("/")
    return key if slash < 0 else key[:slash]


def collection_of(key: str) -> str:
    """The collection of a row, `lot` of `member:M-42/lot/points/...`; "" for the subject's own row."""
    first = key.find("/")
    return "" if first < 0 else key[first + 1 : key.index("/", first + 1)]


def due_rank(key: str) -> int:
    """The place of a row among the rows of its subject that are due at the same instant (B-31)."""
    parts = key.split(
        "/", 2
    )  # `collection_of`, in the one call that matters where every row that is due is put in order
    return _DUE_RANKS.get(parts[1], _LAST_RANK) if len(parts) > 1 else _LAST_RANK


def row(of: str, collection: str, *names: str) -> str:
    """The key of a row in a collection of a subject."""
    return "/".join((of, collection, *map(escaped, names)))


def natural(values: Iterable[str]) -> str:
    """One name made of the fields of a natural key."""
    return "|".join(
        value.replace("%", "%25").replace("|", "%7C") if "|" in value or "%" in value else value for value in values
    )


def instant(instant_ms: int | None) -> str:
    """An instant as a part of a key, so that keys sort by time; None sorts last."""
    return NEVER if instant_ms is None else f"{instant_ms:013d}"
