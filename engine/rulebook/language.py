"""The language: every kind of file. Its keys stand in `language_tables`, fields and tests of conditions in `fields`.

The types of single values stand in `scalars`, events in `events`, and what is carried without being decided yet in `later`.
"""

from fnmatch import fnmatchcase
from typing import NamedTuple

from engine.rulebook.language_tables.campaigns import CAMPAIGN
from engine.rulebook.language_tables.effects import EFFECTS
from engine.rulebook.language_tables.messages import FEEDBACK, MESSAGES
from engine.rulebook.language_tables.programme import PROGRAMME
from engine.rulebook.language_tables.reference import LIST, OUTLETS, RATES
from engine.rulebook.language_tables.tiers import ACHIEVEMENT, TIERS
from engine.rulebook.language_tables.vouchers import POOL, PROMO_CODES, VOUCHER
from engine.rulebook.shapes import Shape

__all__ = ["EFFECTS", "FILES", "FileKind", "fits", "kind_of_file"]


class FileKind(NamedTuple):
    """A kind of file: where it lies (`*` is its name), its keys, and what it is for. `named` is the key that must be its name."""

    name: str
    pattern: str
    shape: Shape
    meaning: str
    named: str = ""


FILES: tuple[FileKind, ...] = (
    FileKind("programme", "programme.yaml", PROGRAMME, "the programme: zone, currency, accounts, attributes, counters"),
    FileKind("campaign", "campaigns/*.yaml", CAMPAIGN, "one campaign", "campaign"),
    FileKind("tiers", "tiers/*.yaml", TIERS, "one ladder of tiers", "tiers"),
    FileKind("achievement", "achievements/*.yaml", ACHIEVEMENT, "one achievement", "achievement"),
    FileKind("voucher", "vouchers/*.yaml", VOUCHER, "one kind of voucher", "voucher"),
    FileKind("pool", "pools/*.yaml", POOL, "one pool of codes", "pool"),
    FileKind("promo_codes", "promo-codes/*.yaml", PROMO_CODES, "one list of promo codes", "promo_codes"),
    FileKind("messages", "messages.yaml", MESSAGES, "what the messaging service is asked for"),
    FileKind("feedback", "feedback.yaml", FEEDBACK, "feedback on offers, and alerts"),
    FileKind("list", "lists/*.csv", LIST, "values that conditions ask `in`; those of the first column count"),
    FileKind("outlets", "outlets.csv", OUTLETS, "outlets and what is known of them; `outlet.<column>` asks for it"),
    FileKind("rates", "rates.csv", RATES, "rates of currencies"),
)


def kind_of_file(path: str) -> FileKind | None:
    """The kind of a file by its path within the folder of rules."""
    return next((kind for kind in FILES if fits(path, kind.pattern)), None)


def fits(path: str, pattern: str) -> bool:
    """Whether a path has a pattern's form; `*` is one name, never a folder in it."""
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
