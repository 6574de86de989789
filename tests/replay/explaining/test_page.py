"""The page: all that comes from data is escaped, and nothing is asked of anywhere else."""

import re
from html.parser import HTMLParser

import pytest

from engine.cli import explain_view
from engine.replay.explaining.layout import layout_of
from engine.replay.explaining.page import page, shares
from engine.ruleset.effects import AddTag, AwardPoints, Rate
from tests.support.explained import enrolled, explained, outcome, returned, sold, spent
from tests.support.programme import campaign as rule
from tests.support.programme import one_of, ruleset
from tests.support.recorded import Remembered, remember

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{ 7*7 }}"
MARKUP = "[red]not markup[/red] [/] [link=http://example.com]x[/link]"
BASE = rule("base", AwardPoints(Rate(1, 100), "points"), base=True)


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Tags:
    """The page's tags, each closed where it should be."""
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    return tags


def hostile(text: str) -> Remembered:
    """A programme and a sale whose every free text is an attack."""
    made = ruleset(
        BASE,
        rule("odd", AddTag("odd"), title=text, when=one_of("transaction.channel", text)),
    )
    events = [
        enrolled("M"),
        sold("M", "T", 1, 3000, channel=text, source=f"till {text}"[:120], line={"category": text, "brand": text}),
        returned("M", "R", "T", 2),
        spent("M", "S", 3, 3),
    ]
    history = remember(made, events)
    history.name = f"archive {text}"
    return history


def test_nothing_of_the_data_becomes_markup() -> None:
    found = explained(hostile(EVIL), "T")
    plain = read(page(explained(hostile("web"), "T")))
    text = page(found)
    tags = read(text)
    assert [tag for tag, _ in tags.tags] == [tag for tag, _ in plain.tags]
    assert not {tag for tag, _ in tags.tags} & {"script", "img", "iframe", "object", "a", "link", "form"}
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert "<script>alert(1)" in tags.text
    assert "{{ 7*7 }}" in tags.text


def test_the_page_needs_nothing_from_elsewhere() -> None:
    text = page(explained(hostile("web"), "T"))
    assert not re.search(r"(?:src|href)\s*=|url\(|@import|https?://", text)
    policy = next(attributes["content"] for tag, attributes in read(text).tags if "http-equiv" in attributes)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_of_every_kind_of_thing_can_be_made_and_says_its_summary() -> None:
    history = hostile("web")
    ids = ["T", "R", "S", "join-M", outcome(history, "points.awarded"), outcome(history, "points.spent")]
    for asked in (*ids, outcome(history, "points.reversed"), outcome(history, "decision.recorded")):
        found = explained(history, asked)
        said = read(page(found)).text
        assert all(sentence in said for sentence in found.summary), asked


def test_the_bar_shows_all_points_of_an_award() -> None:
    found = explained(hostile("web"), "T")
    fate = next(each for each in found.fates if each.campaign == "base")
    assert {each.kind: each.points for each in shares(fate)} == {"reversed": 15, "spent": 3, "left": 12}
    assert abs(sum(each.percent for each in shares(fate)) - 100) < 0.1


def test_the_terminal_shows_data_as_it_is_whatever_it_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(hostile(MARKUP), "T")
    explain_view.show(found, show_all=True)
    shown = capsys.readouterr().out
    assert f"channel: {MARKUP}" in shown
    assert "30 points awarded by base" in shown
    assert "yes transaction.channel" in shown


def test_amounts_are_in_currency_and_instants_in_the_programmes_zone() -> None:
    found = explained(hostile("web"), "T")
    layout = layout_of(found)
    assert found.input is not None
    assert layout.when(found.input.time) == "2026-03-03 12:00"
    assert "amount: 30.00 USD" in list(layout.data(found.input.data))
    assert (
        layout_of(
            found.model_copy(update={"programme": found.programme.model_copy(update={"zone": "America/New_York"})})
        ).when(found.input.time)
        == "2026-03-03 07:00"
    )
