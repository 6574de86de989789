"""Which field a name in a condition means, by the table of fields and what the programme declares."""

from functools import lru_cache
from typing import NamedTuple

from engine.rulebook.book import Book
from engine.rulebook.fields import FIELDS, Field
from engine.rulebook.shapes import ConditionScope

OPEN_KINDS = ("transaction attribute", "activity attribute", "line attribute")  # one not declared is of any type


class Known(NamedTuple):
    """A field, and what stands for its `*`."""

    field: Field
    star: str

    def type(self, book: Book, path: str) -> str | None:
        """Its type: `any` for an attribute that nothing declares, None where it cannot be said."""
        if self.field.type == "counted":
            return counter_type(self.star, book)
        if self.field.type != "declared":
            return self.field.type
        declared = book.named(self.field.of, path).get(self.star)
        if declared is None:
            return "any" if self.field.of in OPEN_KINDS else None
        kind: str | None = declared.part.read("type")
        return kind


@lru_cache(maxsize=4096)
def matching(name: str) -> tuple[Known, ...]:
    """Every field that a name can mean, whatever its scope; `counter.pieces` is first a counter, then pieces of lines."""
    exact = tuple(Known(field, "") for field in FIELDS if field.name == name)
    fitting = (Known(field, star) for field in FIELDS if (star := _star(field.name, name)))
    return exact or tuple(sorted(fitting, key=lambda known: known.field.name.startswith("*")))


def counter_type(name: str, book: Book) -> str | None:
    """What a counter's count is: money, points or a number; None where there is no such counter."""
    declared = book.named("counter").get(name)
    if declared is None:
        return None
    add = declared.part.read("add")
    return {"amount": "money", "points": "points"}.get(add, "int")


def find(name: str, scope: ConditionScope) -> Known | None:
    """The field that a name means in a scope."""
    return next((known for known in matching(name) if scope in known.field.scopes), None)


def known_on(field: Field, on: str) -> bool:
    """Whether an event of this type has the field; `on` of "" is any event."""
    return not field.on or not on or on.startswith(field.on)


def possible(scope: ConditionScope, on: str, book: Book, path: str) -> list[str]:
    """The names that may stand in a scope, with what is declared written out."""
    names: list[str] = []
    for field in FIELDS:
        if scope in field.scopes and known_on(field, on):
            if "*" not in field.name:
                names.append(field.name)
            elif field.of:
                names += [field.name.replace("*", name) for name in book.named(field.of, path)]
    return names


def among(known: Known, book: Book) -> set[str] | None:
    """The names that the field's values must be of, None where it may be anything."""
    match known.field.among:
        case "":
            return None
        case "any ladder":
            return book.all_named("tier")
        case "ladder":
            return book.all_named("ladder")
        case "account" | "campaign" | "voucher" | "promo code list" | "feedback type" | "achievement":
            unread = book.unread if known.field.among == "campaign" else frozenset()
            return set(book.named(known.field.among)) | unread
        case "first ladder":
            return _tiers(min(book.all_named("ladder"), default=""), book)
        case _:
            return _tiers(known.star, book)


def _tiers(ladder: str, book: Book) -> set[str]:
    declared = book.named("ladder").get(ladder)
    return set(book.named("tier", declared.place.path)) if declared else set()


def _star(pattern: str, name: str) -> str:
    """What the `*` of a pattern stands for in a name, "" where it does not fit."""
    before, star, after = pattern.partition("*")
    fits = star and len(name) >= len(pattern) and name.startswith(before) and name.endswith(after)
    found = name[len(before) : len(name) - len(after)] if fits else ""
    return "" if "." in found else found
