"""A ruleset's canonical bytes: the same for equal rulesets, refused when damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from engine.ruleset.codec import RulesetUnreadable, decode, digest_of, encode, sealed
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Campaign, Ruleset
from engine.ruleset.published import pack, unpack
from tests.match import arbitrary
from tests.rulebook.samples import compiled


@pytest.fixture(scope="module")
def sample() -> Ruleset:
    ruleset = compiled().ruleset
    assert ruleset is not None
    return ruleset


def test_a_ruleset_comes_back_as_it_was(sample: Ruleset) -> None:
    assert decode(encode(sample)) == sample


@given(arbitrary.rulesets())
@settings(max_examples=40, deadline=None)
def test_any_ruleset_comes_back_as_it_was(ruleset: Ruleset) -> None:
    assert decode(encode(sealed(ruleset))) == sealed(ruleset)


def test_the_bytes_are_canonical_json_of_integers_and_texts(sample: Ruleset) -> None:
    values = json.loads(encode(sample), parse_float=pytest.fail)
    again = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert again == encode(sample)


def test_members_of_a_union_say_what_they_are(sample: Ruleset) -> None:
    values = json.loads(encode(sample))
    assert {effect["kind"] for campaign in values["campaigns"] for effect in campaign["then"]} == {"AwardPoints"}


def test_the_digest_depends_on_the_content_and_not_on_itself(sample: Ruleset) -> None:
    assert digest_of(replace(sample, digest="")) == sample.digest
    first = sample.campaigns[0]
    other = replace(first, then=(AwardPoints(Fixed(999), "points"),))
    assert digest_of(replace(sample, campaigns=(other, *sample.campaigns[1:]))) != sample.digest


def test_the_order_of_line_sets_in_memory_is_not_in_the_bytes(sample: Ruleset) -> None:
    def turned(campaign: Campaign) -> Campaign:
        return replace(campaign, line_sets=dict(reversed(list(campaign.line_sets.items()))))

    assert encode(replace(sample, campaigns=tuple(map(turned, sample.campaigns)))) == encode(sample)


DAMAGE: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("another digest", lambda values: values.update(digest="0" * 64)),
    ("another content", lambda values: values["programme"].update(minor_digits=3)),
    ("a field missing", lambda values: values.pop("messages")),
    ("a field too many", lambda values: values.update(extra=1)),
    ("an unknown member of a union", lambda values: values["campaigns"][0]["then"][0].update(kind="Eval")),
    ("a text for a number", lambda values: values.update(semantics="1")),
    ("a truth for a number", lambda values: values.update(semantics=True)),
    ("an unknown word", lambda values: values["programme"]["time"].update(clock="sundial")),
    ("null where something must be", lambda values: values.update(campaigns=None)),
    ("a map for a list", lambda values: values.update(campaigns={})),
]


@pytest.mark.parametrize("damage", [each for _, each in DAMAGE], ids=[name for name, _ in DAMAGE])
def test_damaged_bytes_are_refused(sample: Ruleset, damage: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(encode(sample))
    damage(values)
    with pytest.raises(RulesetUnreadable):
        decode(json.dumps(values).encode())


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff", b'{"digest": 1.0}', b'{"digest": NaN}', b"[" * 100_000]
)
def test_bytes_that_are_no_ruleset_are_refused(data: bytes) -> None:
    with pytest.raises(RulesetUnreadable):
        decode(data)
    with pytest.raises(RulesetUnreadable):
        unpack(data)


def test_a_published_ruleset_carries_its_sources(sample: Ruleset) -> None:
    sources = {"programme.yaml": "programme: é\n", "a.yaml": ""}
    assert unpack(pack(sample, sources)) == (sample, sources)
    assert pack(sample, sources) == pack(sample, dict(reversed(sources.items())))


def test_a_published_ruleset_with_another_content_than_its_digest_is_refused(sample: Ruleset) -> None:
    damaged = pack(sample, {}).replace(b'"minor_digits":2', b'"minor_digits":3')
    with pytest.raises(RulesetUnreadable, match="another digest"):
        unpack(damaged)
