"""The reference of the language as Markdown, from its tables.

`python -m engine.rulebook.reference` writes it into docs/rules/language.md.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.rulebook.events import INPUTS, OUTCOMES
from engine.rulebook.fields import COUNTING, FIELDS, TESTS, Field
from engine.rulebook.language import EFFECTS, FILES
from engine.rulebook.later import LATER
from engine.rulebook.scalars import READERS
from engine.rulebook.shapes import (
    CRITERION,
    Choice,
    Conditions,
    EffectShape,
    Either,
    Leaf,
    Lines,
    ListOf,
    MapOf,
    Record,
    Shape,
    Table,
)

BEGIN, END = "<!-- the reference begins -->\n", "<!-- the reference ends -->\n"
PAGE = Path(__file__).parents[2] / "docs" / "rules" / "language.md"
_EVENTS_OF = "an event, see [events](#events)"
_MANY = 20  # words that are not repeated in a table
_TYPES = {"set": "set of texts", "clock": "time of day", "declared": "as declared", "any": "as written"}
_SCOPES = {
    "line": "set of lines",
    "voucher": "voucher",
    "audience": "audience",
    "when": "when",
    "message": "message",
}


def reference() -> str:
    """The reference."""
    parts = [*_files(), *_effects(), *_fields(), *_tests(), *_types(), *_events(), *_later()]
    return "\n".join(parts) + "\n"


def _files() -> Iterator[str]:
    yield "## Files"
    for kind in FILES:
        named = f" The file's name is that of its `{kind.named}`." if kind.named else ""
        yield f"\n### `{kind.pattern}`\n\n{kind.meaning[0].upper()}{kind.meaning[1:]}.{named}\n"
        if isinstance(kind.shape, Table):
            yield from _columns(kind.shape)
        else:
            yield from _keys_of(kind.shape, set())


def _effects() -> Iterator[str]:
    yield "\n## Effects\n\nOne that has a single needed key may be written with its value alone: `add_tag: vip`."
    for name, kind in EFFECTS.items():
        yield f"\n### `{name}`\n\n{kind.meaning[0].upper()}{kind.meaning[1:]}.\n"
        yield from _keys_of(kind.shape, {"expires"})


def _keys_of(shape: Shape, seen: set[str]) -> Iterator[str]:
    """The table of a record, then those of the records in it that were not shown yet."""
    if not isinstance(shape, Record):
        return
    yield "| key | holds | meaning |\n|---|---|---|"
    for key in shape.keys:
        needed = " (needed)" if key.required else ""
        yield f"| `{key.name}`{needed} | {holds(key.shape)} | {key.meaning} |"
    yield from _rules_of(shape)
    for key in shape.keys:
        for inner in _records(key.shape):
            if inner.name not in seen:
                seen.add(inner.name)
                yield f"\n`{inner.name}` in `{key.name}`:\n"
                yield from _keys_of(inner, seen)


def _rules_of(shape: Record) -> Iterator[str]:
    said = []
    if shape.one_of:
        said.append(f"exactly one of {_words(shape.one_of)}")
    said += [f"at most one of {_words(group)}" for group in shape.not_both]
    said += [f"`{key.name}` only beside {_words(key.beside)}" for key in shape.keys if key.beside]
    if said:
        yield f"\nOf these, {'; '.join(said)}."


def _columns(shape: Table) -> Iterator[str]:
    if not shape.columns:
        yield "The first line names the columns."
        return
    yield "| column | holds | meaning |\n|---|---|---|"
    for key in shape.columns:
        yield f"| `{key.name}`{' (needed)' if key.required else ''} | {holds(key.shape)} | {key.meaning} |"
    if shape.others:
        yield "\nOther columns are texts of your own."


def _records(shape: Shape) -> Iterator[Record]:
    match shape:
        case Record():
            yield shape
        case ListOf(item=inner) | MapOf(value=inner):
            yield from _records(inner)
        case Either(options=options):
            for option in options:
                yield from _records(option)
        case _:
            return


def holds(shape: Shape) -> str:
    """What an author writes where this shape stands."""
    match shape:
        case Leaf():
            return _single(shape)
        case Choice(options=options):
            return _EVENTS_OF if len(options) > _MANY else _words(options)
        case ListOf(item=inner, or_one=or_one):
            return f"{holds(inner)}, or a list of them" if or_one else f"a list: {holds(inner)}"
        case MapOf(key=key, value=value):
            return f"a map from {holds(key)} to {holds(value)}"
        case Record(name=name):
            return f"`{name}`, below"
        case Either(options=options):
            return " or ".join(dict.fromkeys(holds(option) for option in options))
        case _:
            return _PLAIN[type(shape)]


_PLAIN = {EffectShape: "an effect", Conditions: "a condition", Lines: "a set of lines", Table: "rows"}


def _single(leaf: Leaf) -> str:
    if leaf.refers == CRITERION:
        return "an account or `counter.<name>`"
    if leaf.refers:
        return f"`{leaf.prefix}<name>` of {_a(leaf.refers)}" if leaf.prefix else f"the name of {_a(leaf.refers)}"
    reader = READERS[leaf.type]
    return reader.says if leaf.type in ("text", "name", "key") else f"{reader.says}, `{reader.example}`"


def _fields() -> Iterator[str]:
    yield "\n## Fields\n\n| field | type | where | on | meaning |\n|---|---|---|---|---|"
    for field in FIELDS:
        yield f"| `{_named(field)}` | {_TYPES.get(field.type, field.type)} | {_where(field)} | {_on(field)} | {field.meaning} |"


def _named(field: Field) -> str:
    stands = {"line set": "set", "ladder": "ladder", "account": "account", "outlet column": "column"}
    star = f"<{stands.get(field.of, 'name')}>" if "[*]" not in field.name else "<methods>"
    return field.name.replace("*", star)


def _where(field: Field) -> str:
    return ", ".join(name for scope, name in _SCOPES.items() if scope in field.scopes)


def _on(field: Field) -> str:
    if "line" in field.scopes:
        return "its lines"
    return ", ".join(f"`{event}*`" if event.endswith((".", "_")) else f"`{event}`" for event in field.on) or "all"


def _tests() -> Iterator[str]:
    yield "\n## Tests\n\n| test | of | meaning |\n|---|---|---|"
    for word, test in TESTS.items():
        shown = "a bare value or list" if word == "equals" else f"`{word}`"
        kinds = ", ".join(_TYPES.get(kind, kind) for kind in test.types)
        yield f"| {shown} | {kinds} | {test.meaning} |"
    yield "\n### Counters\n\n| word | meaning |\n|---|---|"
    for word, meaning in COUNTING.items():
        yield f"| `{word}` | {meaning} |"


def _types() -> Iterator[str]:
    yield "\n## Types\n\n| type | what | example |\n|---|---|---|"
    for name, reader in READERS.items():
        yield f"| {name} | {reader.says} | `{reader.example}` |"


def _events() -> Iterator[str]:
    yield "\n## Events\n\n| event | what happened |\n|---|---|"
    for name, meaning in (*INPUTS.items(), *OUTCOMES.items()):
        yield f"| `{name.replace('*', '<name>')}` | {meaning} |"


def _later() -> Iterator[str]:
    yield "\n## Decided later\n"
    yield "These are checked and stand in the ruleset; `guerdon rules check` says `decided-later` where they are used:"
    yield f"{', '.join(sorted(set(LATER.values())))}."


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def written(page: str) -> str:
    """The page with the reference in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
