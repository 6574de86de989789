"""An explanation on the terminal: in short first, then the chain."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from engine.cli import screen
from engine.replay.explaining import model
from engine.replay.explaining.layout import Layout, layout_of

_YES, _NO = "[green]yes[/]", "[red]no [/]"
_MOST_ROWS = 12
_MOST_OTHERS = 6  # outcomes of other causes at one place of the journal


def show(found: model.Explanation, *, show_all: bool = False) -> None:
    """Prints it."""
    layout = layout_of(found)
    console = screen.console()

    def say(text: str = "", indent: int = 0) -> None:
        console.print(
            Padding(Text.from_markup(text, emoji=False), (0, 0, 0, indent))
            if console.is_terminal
            else f"{' ' * indent}{text}"
        )

    def head(text: str) -> None:
        say()
        if console.is_terminal:
            console.print(Rule(f"[bold]{escape(text)}[/]", align="left", style="dim"))
        else:
            say(escape(text))

    for sentence in found.summary:
        say(f"[bold]{escape(sentence)}[/]")
    for note in found.notes:
        say(f"[yellow]note[/] {escape(note)}")
    for title, lines in _parts(found, layout, show_all=show_all):
        head(title)
        for indent, line in lines:
            say(line, indent)


Lines = Iterator[tuple[int, str]]


def _parts(found: model.Explanation, layout: Layout, *, show_all: bool) -> Iterator[tuple[str, Lines]]:
    if found.input is not None:
        yield "What came", _input(found.input, layout)
    else:
        yield "What it goes back to", iter([(0, escape(found.cause.says))])
    if found.before is not None:
        yield "How things stood", _before(found.before, layout)
    for considered in (each for each in found.considered if each.campaigns):
        yield f"Campaigns on {considered.on}", _considered(considered, layout, show_all=show_all)
    yield "What was done", _steps(found.steps, layout, show_all=show_all)
    if found.backwards:
        yield "Where the points came from", _backwards(found.backwards)
    if found.fates:
        yield "What became of the points", _fates(found.fates, layout)
    if found.later:
        yield "What happened later", _changes(found.later, layout)


def _input(event: model.Input, layout: Layout) -> Lines:
    yield (
        0,
        f"[bold]{escape(event.type)}[/] {escape(event.id)} from {escape(event.source)}, about {escape(event.subject)}",
    )
    yield 0, f"happened {layout.when(event.time)}, received {layout.when(event.received_at)}, journal {event.position}"
    for repeated in event.repeats:
        yield 0, f"came again at journal {repeated}"
    received = event.received
    if received is not None:
        place = f"{received.topic} {received.partition}:{received.offset}"
        yield 0, f"public record {escape(place)}{escape(f': {received.note}') if received.note else ''}"
        if received.kept:
            yield from ((2, escape(line)) for line in layout.data(_payload(received.value)))
            yield 0, "in the journal"
    yield from ((2, escape(line)) for line in layout.data(event.data))


def _payload(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return value["data"] if isinstance(value, dict) and "data" in value else value


def _before(before: model.Before, layout: Layout) -> Lines:
    for name, old, new in layout.standing(before):
        changed = f" -> [bold]{escape(new)}[/]" if new != old else ""
        yield 0, f"{escape(name)}: {escape(old)}{changed}"


def _considered(considered: model.Considered, layout: Layout, *, show_all: bool) -> Lines:
    for campaign in considered.campaigns:
        if not campaign.candidate and not show_all:
            continue
        colour = "green" if campaign.fired else "red"
        title = "" if campaign.title == campaign.campaign else f"  [dim]{escape(campaign.title)}[/]"
        yield 0, f"[bold]{escape(campaign.campaign)}[/] [{colour}]{escape(campaign.says)}[/]{title}"
        for name, root in (("audience", campaign.audience), ("when", campaign.when)):
            if root is not None:
                yield 2, f"[dim]{name}[/]"
                yield from _condition(root, 4, top=True)
        if campaign.group is not None:
            yield 2, escape(layout.group(campaign.group))
        yield from ((2, escape(layout.limit(limit))) for limit in campaign.limits)
        for award in campaign.awards:
            yield 2, escape(layout.award(award))
    ruled_out = [each for each in considered.campaigns if not each.candidate]
    if not show_all:
        yield from ((0, f"{escape(each.campaign)} could not hold: {escape(each.verdict)}") for each in ruled_out[:20])
        if len(ruled_out) > 20:  # noqa: PLR2004 - as many as a screen has room for
            yield 0, f"and {len(ruled_out) - 20} more that could not hold (--all shows them)"
    if considered.others:
        yield 0, f"[dim]{considered.others} other campaigns are paused, over, or on something else[/]"


def _condition(condition: model.Condition, indent: int, *, top: bool = False) -> Lines:
    mark = _YES if condition.held else _NO
    if not condition.parts:
        yield indent, f"{mark} {escape(condition.text)}  [dim]seen: {escape(condition.seen)}[/]"
        return
    if not (top and condition.text == "all of"):
        yield indent, f"{mark} {escape(condition.text)}"
        indent += 2
    for part in condition.parts:
        yield from _condition(part, indent)


def _steps(steps: Sequence[model.Step], layout: Layout, *, show_all: bool) -> Lines:
    for step in steps:
        yield 0, f"[dim]{step.position}[/] {escape(step.says)}"
        for outcome in step.due if show_all else step.due[:_MOST_OTHERS]:
            yield 2, f"[dim]here as well:[/] {escape(outcome.says)}  [dim]{outcome.type} {outcome.id}[/]"
        if len(step.due) > _MOST_OTHERS and not show_all:
            others = len(step.due) - _MOST_OTHERS
            yield (
                2,
                f"[dim]and {others} more outcomes of other causes, which were due or waited here (--all shows them)[/]",
            )
        for outcome in step.outcomes:
            mark = "[bold]>[/] " if outcome.asked else ""
            yield 2, f"{mark}{escape(outcome.says)}  [dim]{escape(outcome.type)} {outcome.id}[/]"
            postings = layout.postings(outcome)
            if postings:
                yield 4, f"[dim]{escape(postings)}[/]"
        for message in step.messages:
            yield 2, f"[dim]to {escape(message.subject)}:[/] {escape(message.says)}"
        told = [row for row in step.rows if row.says or show_all]
        for row in told if show_all else told[:_MOST_ROWS]:
            yield 2, f"[dim]row[/] {escape(row.says or row.key)}"
        if len(told) > _MOST_ROWS and not show_all:
            yield 2, f"[dim]and {len(told) - _MOST_ROWS} more rows (--all shows them)[/]"


def _backwards(taken: Sequence[model.Backwards]) -> Lines:
    for each in taken:
        yield 0, escape(each.says)
        yield from ((2, escape(lot.says)) for lot in each.lots)


def _fates(fates: Sequence[model.Fate], layout: Layout) -> Lines:
    for each in fates:
        yield 0, escape(each.says)
        yield from ((2 + indent, line) for indent, line in _changes(each.changes, layout))


def _changes(changes: Sequence[model.Change], layout: Layout) -> Lines:
    for each in changes:
        of_this = "" if each.points is None else f"  [dim]({each.points:,} of these)[/]"
        yield 0, f"{layout.when(each.time)}  {escape(each.says)}{of_this}  [dim]{escape(layout.cause(each))}[/]"
        yield from ((4, f"[dim]given back:[/] {escape(text)}") for text in each.limits)
