"""A campaign's conditions as lines of a tree: what was seen, what was asked, and whether it held."""

from collections.abc import Iterator

from engine.cli.screen import plain
from engine.match.trace import Trace, Traced
from engine.match.trace_words import heading, seen_text
from engine.ruleset.conditions import AllOf, Test
from engine.ruleset.matching import Facts
from engine.ruleset.model import Programme
from engine.ruleset.wording.words import Words

_STATES = {"shadow": ", in shadow", "paused": ", paused"}


def trace_lines(traced: Trace, facts: Facts, programme: Programme) -> Iterator[str]:
    """The lines of one campaign, with rich's markup."""
    words = Words(programme)
    campaign = traced.campaign
    if not traced.running:
        verdict = "does not run"
        if campaign.from_ms is not None and facts.time_ms < campaign.from_ms:
            verdict += f" before {words.time(campaign.from_ms)}"
        elif campaign.until_ms is not None and facts.time_ms >= campaign.until_ms:
            verdict += f" after {words.last_day(campaign.until_ms)}"
    else:
        verdict = "holds" if traced.holds else f"does not hold: {traced.reason}"
    yield f"[bold]{plain(campaign.name)}[/] {plain(verdict)}{_STATES.get(campaign.state, '')}"
    for part, root in (("audience", traced.audience), ("when", traced.when)):
        if root is not None:
            yield f"  {part}"
            yield from _lines(root, words, 2, top=True)


def _lines(traced: Traced, words: Words, depth: int, *, top: bool = False) -> Iterator[str]:
    mark = "[green]yes[/]" if traced.held else "[red]no [/]"
    indent = "  " * depth
    condition = traced.condition
    if isinstance(condition, Test):
        yield f"{indent}{mark} {plain(words.condition(condition))}  [dim]{plain(seen_text(traced, words))}[/]"
        return
    if not (top and isinstance(condition, AllOf)):
        yield f"{indent}{mark} {heading(traced)}"
        depth += 1
    for part in traced.parts:
        yield from _lines(part, words, depth)
