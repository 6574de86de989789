"""Whatever the files say, compiling ends in a ruleset or in diagnostics, and soon."""

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.match.plain import PlainMatcher
from engine.rulebook.compiler import Compiled, compile_sources
from engine.rulebook.diagnostics import CODES
from engine.rulebook.fields import COUNTING, FIELDS, TESTS
from engine.rulebook.language import EFFECTS
from engine.rulebook.later import LATER
from engine.rulebook.rendering import as_values, render
from engine.rulebook.yaml_text import LARGEST
from engine.ruleset.codec import decode, encode
from tests.rulebook.samples import BASE
from tests.rulebook.whole import WHOLE

HANGS_S = 300  # a watchdog against hanging, which no busy machine meets: such a file takes a second or two

RICH = """campaign: bonus
title: Everything at once
runs: {from: 2026-11-01, until: 2026-12-31T18:00}
on: transaction.completed
audience: {member.tier: [silver, gold], member.profile.city: New York, member.opted_in: true}
lines:
  coffee: {category: coffee, except: {any: [{attributes.free: true}, {amount: {less_than: 1.00}}]}}
when:
  transaction.channel: {not: [web, phone]}
  transaction.amount: {at_least: 20.00, less_than: 500.00}
  coffee.pieces: {at_least: 2}
  time.clock: {from: 22:00, before: 06:00}
  at_least: 1
  of: [{member.tags: {has_any: [vip]}}, {is: early}]
then:
  - award_points: {points: 1, per: 1.00, of: coffee, expires: {after: 3 months, round: end_of_month}}
otherwise: [notify: {message: near-miss}]
priority: 10
state: shadow
"""
PROGRAMME = BASE["programme.yaml"] + "define: {early: {time.weekday: [monday], time.clock: {before: 11:00}}}\n"
FILES = {**BASE, "programme.yaml": PROGRAMME, "campaigns/bonus.yaml": RICH}
WORDS = [
    *(field.name for field in FIELDS), *TESTS, *COUNTING, *EFFECTS, *(key.rpartition("=")[2] for key in LATER),
    "[", "]", "{", "}", ":", ": ", ", ", "- ", "\n", "\n  ", "---\n", "&a", "*a", "!!str ", "|\n", ">", "'", '"', "#", "%",
    "?", "@", "`", "\t", "\x00", "\ufeff", "\u2028", "\ud800", "null", "~", "no", "-1", "0", "1e9", "20.00", "2026-02-30",
    "all", "any", "none", "of", "is", "early", "except", "coffee", "points", "a" * 300, "é", "\U0001f600",
]  # fmt: skip


def check(compiled: Compiled) -> None:
    wrong = any(each.severity == "error" for each in compiled.diagnostics)
    assert (compiled.ruleset is None) == wrong
    for each in compiled.diagnostics:
        assert CODES[each.code] == each.severity
        lines = re.split("\r\n|\r|\n", compiled.sources.get(each.path, ""))
        assert 1 <= each.line <= len(lines) + 1
        assert each.column >= 1
        assert each.length >= 1
    render(compiled.diagnostics, compiled.sources, "rules").encode("utf-8", "surrogatepass")
    as_values(compiled.diagnostics)
    if compiled.ruleset is not None:
        assert decode(encode(compiled.ruleset)) == compiled.ruleset
        PlainMatcher(compiled.ruleset)


def test_the_files_that_are_changed_compile_as_they_are() -> None:
    compiled = compile_sources(FILES)
    assert compiled.diagnostics == ()
    check(compiled)


def changed(text: str, rng: random.Random) -> str:
    """The text with a few words put in, taken out, doubled or moved."""
    for _ in range(rng.randint(1, 4)):
        pieces = re.findall(r"[\w.-]+|\s+|.", text) or [""]
        at = rng.randrange(len(pieces))
        match rng.randrange(5):
            case 0:
                pieces[at] = rng.choice(WORDS)
            case 1:
                del pieces[at]
            case 2:
                pieces.insert(at, rng.choice(WORDS))
            case 3:
                pieces.insert(rng.randrange(len(pieces)), pieces[at])
            case _:
                pieces[at:] = pieces[at + rng.randint(1, 9) :]
        text = "".join(pieces)
    return text


def test_changed_files_give_diagnostics_or_a_ruleset(rng: random.Random) -> None:
    for _ in range(400):
        path = rng.choice(list(FILES))
        check(compile_sources({**FILES, path: changed(FILES[path], rng)}))


def test_changed_files_of_every_kind_give_diagnostics_or_a_ruleset(rng: random.Random) -> None:
    for _ in range(150):
        path = rng.choice(list(WHOLE))
        check(compile_sources({**WHOLE, path: changed(WHOLE[path], rng)}))


@given(st.dictionaries(st.sampled_from([*FILES, "x.yml", "lists/a.csv", "tiers/é.yaml"]), st.text(max_size=80)))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_diagnostics_or_a_ruleset(files: dict[str, str]) -> None:
    check(compile_sources({**FILES, **files}))


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_words_of_the_language_give_diagnostics_or_a_ruleset(text: str) -> None:
    check(compile_sources({**FILES, "campaigns/bonus.yaml": text}))


@pytest.mark.parametrize(
    "piece",
    [
        "a\n",
        "[",
        "{a: ",
        "- ",
        "? ",
        "#\n",
        "a: b\n",
        "'",
        '"\\',
        "| \n",
        "&a ",
        "!x ",
        "\n",
        " ",
        "%A\n",
        "a, ",
        "- a\n",
        "-\n",
    ],
)
def test_a_large_file_of_anything_ends_soon(piece: str) -> None:
    begun = time.monotonic()
    check(compile_sources({**FILES, "campaigns/bonus.yaml": piece * (LARGEST // len(piece))}))
    assert time.monotonic() - begun < HANGS_S


def test_many_mistakes_with_many_names_end_soon() -> None:
    begun = time.monotonic()
    messages = "messages:\n" + "".join(f"  message-{n}: {{}}\n" for n in range(5_000))
    effects = "".join(f"  - notify: {{message: mesage-{n}}}\n" for n in range(2_000))
    text = f"campaign: bonus\non: transaction.completed\nthen:\n{effects}"
    check(compile_sources({**FILES, "messages.yaml": messages, "campaigns/bonus.yaml": text}))
    assert time.monotonic() - begun < HANGS_S
