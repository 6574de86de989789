"""What differs between two rulesets, in words: what is new, what is gone, and of the rest every field that changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from engine.core.calendar import Zone
from engine.ruleset.conditions import AllOf, Condition, LineSet
from engine.ruleset.model import Ruleset
from engine.ruleset.schedules import After, Every, Silent, Yearly
from engine.ruleset.tiers import Criteria
from engine.ruleset.wording.texts import changed, plain
from engine.ruleset.wording.words import Words

# What the parts of a ruleset and of its programme are called; others by their field's name.
_CALLED = {
    "campaigns": "campaign",
    "ladders": "tiers",
    "messages": "message",
    "accounts": "account",
    "attributes": "attribute",
    "counters": "counter",
    "derived": "count",
    "groups": "group",
    "achievements": "achievement",
    "vouchers": "voucher",
    "pools": "pool",
    "promo_codes": "promo codes",
    "lists": "list",
    "outlets": "outlet",
}
_LABELS = {"from_ms": "runs from", "until_ms": "runs until", "then": "", "limits": "", "line_sets": "lines"}
_OPEN = {"from_ms": "the beginning", "until_ms": "open"}
_NAMES = ("name", "field", "tier", "outlet_code")
_LONGEST = 200
_FEW = 2

_IN_WORDS = (Criteria, Every, Yearly, Silent, After)  # said whole, however many fields they have

Change = Literal["added", "removed", "changed"]
Values = Any  # values of the model


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: what it is, its name ("" for the programme itself), and what is said of it, one sentence each."""

    kind: str
    name: str
    change: Change
    said: tuple[str, ...]


def differences(before: Ruleset, after: Ruleset) -> list[Difference]:
    """All that differs; empty only where the rulesets are the same but for their digests."""
    comparing = _Comparing(Words(before.programme), Words(after.programme))
    found = list(comparing.things("programme", before.programme, after.programme))
    for each in fields(Ruleset):
        if each.name not in ("digest", "programme"):
            found += comparing.parts(each.name, getattr(before, each.name), getattr(after, each.name))
    return found


class _Comparing:
    """Compares values of two rulesets, each said in the words of its own programme."""

    def __init__(self, old: Words, new: Words) -> None:
        self._old, self._new = old, new

    def things(self, kind: str, old: Values, new: Values) -> Iterator[Difference]:
        """A value whose own parts may be named things, such as the programme."""
        said: list[str] = []
        for each in fields(old):
            before, after = getattr(old, each.name), getattr(new, each.name)
            if before == after:
                continue
            if _is_named(before) or _is_named(after):
                yield from self.parts(each.name, before, after)
            else:
                said += self._field(each.name, before, after)
        if said:
            yield Difference(kind, "", "changed", tuple(said))

    def parts(self, field: str, old: Values, new: Values) -> Iterator[Difference]:
        """A field of a ruleset: named things by their names, anything else as a whole."""
        kind = _CALLED.get(field, plain(field))
        if old == new:
            return
        if not (_is_named(old) or _is_named(new)):
            yield Difference(kind, "", "changed", tuple(self._field(field, old, new)))
            return
        before, after = _by_name(old), _by_name(new)
        for name in dict.fromkeys((*before, *after)):
            if name not in after:
                yield Difference(kind, name, "removed", ())
            elif name not in before:
                yield Difference(kind, name, "added", tuple(self._whole(after[name])))
            elif before[name] != after[name]:
                yield Difference(kind, name, "changed", tuple(self._changes(before[name], after[name])))
        kept = [name for name in before if name in after]
        order = [name for name in after if name in before]
        if kept != order and field == "accounts":
            yield Difference(
                "programme", "", "changed", (f"order of accounts {', '.join(kept)} -> {', '.join(order)}",)
            )

    def _whole(self, value: Values) -> list[str]:
        """A new thing: all that it says."""
        if not is_dataclass(value):
            return [_cut(self._new.anything(value))]
        said = []
        for each in fields(value):
            held = getattr(value, each.name)
            if each.name not in _NAMES and held not in (
                None,
                (),
                "",
                {},
                False,
                0,
                "live",
                _name_of(value),
                each.default,
            ):
                label = _LABELS.get(each.name, plain(each.name))
                texts = self._texts(each.name, held, self._new)
                said += [f"{label} {text}".strip() for text in texts]
        return said

    def _changes(self, old: Values, new: Values) -> list[str]:
        if not is_dataclass(old) or type(old) is not type(new):
            return self._field("", old, new)
        found = [
            self._field(each.name, getattr(old, each.name), getattr(new, each.name))
            for each in fields(old)
            if getattr(old, each.name) != getattr(new, each.name)
        ]
        return [said for each in found for said in each]

    def _field(self, name: str, old: Values, new: Values) -> list[str]:
        """What is said of one field that differs: never nothing."""
        label = _LABELS.get(name, plain(name))
        said = list(self._of_field(name, label, old, new))
        return said or [f"{label} in a detail: {_cut(repr(old))} -> {_cut(repr(new))}".strip()]

    def _of_field(self, name: str, label: str, old: Values, new: Values) -> Iterator[str]:
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self._mappings(label, old, new)
        elif _is_named(old) and _is_named(new):
            yield from self._mappings(label, _by_name(old), _by_name(new))
        elif isinstance(old, Zone) and isinstance(new, Zone) and old.name == new.name:
            yield f"{label}: the clock changes of {old.name}"
        elif is_dataclass(old) and type(old) is type(new) and name not in ("audience", "when") and not _in_words(old):
            yield from (f"{label} {said}".strip() for said in self._changes(old, new))
        else:
            yield from _aligned(label, self._texts(name, old, self._old), self._texts(name, new, self._new))

    def _mappings(self, label: str, old: Mapping[str, Values], new: Mapping[str, Values]) -> Iterator[str]:
        for key in sorted({*old, *new}):
            if key not in new:
                yield f"{label} no longer {key}"
            elif key not in old:
                yield f"{label} also {key} ({_cut(self._new.anything(new[key]))})"
            elif is_dataclass(old[key]) and not isinstance(old[key], LineSet):
                yield from (f"{label} {key}: {said}" for said in self._changes(old[key], new[key]))
            elif old[key] != new[key]:
                before, after = self._old.anything(old[key]), self._new.anything(new[key])
                yield f"{label} {key}: {changed(before, after)}" if before != after else f"{label} {key} in a detail"

    def _texts(self, name: str, value: Values, words: Words) -> list[str]:
        """The texts of a field's value: of a list one each."""
        if name in ("audience", "when"):
            return [words.condition(part) for part in _parts(value)]
        if name in ("then", "otherwise"):
            return [words.effect(effect) for effect in value]
        if isinstance(value, Mapping):
            return [f"{key}: {words.anything(each)}" for key, each in sorted(value.items())]
        if isinstance(value, tuple):
            return [words.anything(each) for each in value]
        return _one(words, name, value)


def _one(words: Words, name: str, value: Values) -> list[str]:
    return [_OPEN.get(name, "none") if value is None else words.field(name, value)]


def _aligned(label: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Two lists of texts: what changed within a text, what is new, what is gone."""
    begin = f"{label} " if label else ""
    if len(old) == len(new) == 1 and old != new:
        yield begin + changed(old[0], new[0])
        return
    for tag, *(start, end, new_start, new_end) in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, come = list(old[start:end]), list(new[new_start:new_end])
        for text in list(gone):
            same = next((each for each in come if each.split(" ")[0] == text.split(" ")[0]), None)
            if same is not None:
                yield begin + changed(text, same)
                gone.remove(text)
                come.remove(same)
        yield from (f"{begin}no longer {text}" for text in gone)
        yield from (f"{begin}also {text}" for text in come)


def _parts(condition: Condition | None) -> Iterable[Condition]:
    match condition:
        case None:
            return ()
        case AllOf(parts):
            return parts
        case _:
            return (condition,)


def _in_words(value: Values) -> bool:
    """Whether a value is short enough in words to be shown whole, such as a period."""
    if isinstance(value, _IN_WORDS):
        return True
    return len(fields(value)) <= _FEW and not any(is_dataclass(getattr(value, each.name)) for each in fields(value))


def _is_named(value: Values) -> bool:
    """Whether a value is a list of things that have names, or a map of such things."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, tuple) and bool(value) and is_dataclass(value[0]) and _name_of(value[0]) != ""


def _by_name(value: Values) -> dict[str, Values]:
    if isinstance(value, Mapping):
        return dict(value)
    return {_name_of(each): each for each in value or ()}


def _name_of(value: Values) -> str:
    return next((str(getattr(value, name)) for name in _NAMES if hasattr(value, name)), "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
