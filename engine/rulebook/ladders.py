"""Whether the tiers of a ladder stand from low to high, as far as they count the same thing."""

from collections.abc import Iterator

from engine.rulebook.diagnostics import Place, Report
from engine.rulebook.shapes import Named, Part, Record


def ascending(tiers: Part, report: Report) -> None:
    """Says of each level that is not above the one below it. One that counts something else cannot be told."""
    _entering(tiers, report)
    below: dict[str, int] = {}
    levels = tiers.get("levels")
    for position, level in enumerate(levels.items if levels else ()):
        reach = level.get("from")
        if position == 0:
            if reach is not None:
                place = reach.node.place
                report.add("ladder-not-ascending", place, "everybody begins in the lowest tier", "leave its `from` out")
            continue
        if reach is None:
            report.add("ladder-not-ascending", level.node.place, "a tier above the lowest needs `from`")
            continue
        asked = {named.key.text: named for named in _criteria(reach)}
        _above(asked, below, reach.node.place, report)
        below = {name: named.part.value for name, named in asked.items()}
        _stay(level, asked, report)


def _above(asked: dict[str, Named], below: dict[str, int], place: Place, report: Report) -> None:
    if below and not asked.keys() & below.keys():
        counted = ", ".join(sorted(below))
        report.add("ladder-accounts", place, f"the tier below counts {counted}", "count one thing in all tiers")
    for name, named in asked.items():
        if name in below and named.part.value <= below[name]:
            message = f"{named.part.value} is not more than the {below[name]} of the tier below"
            report.add("ladder-not-ascending", named.part.node.place, message, "list the tiers from low to high")
        elif named.part.value == 0:
            message = f"everybody has 0 of {name}, and nobody would be in the tier below"
            report.add("ladder-not-ascending", named.part.node.place, message, "ask for more")


def _stay(level: Part, asked: dict[str, Named], report: Report) -> None:
    """Staying asks for no more than reaching did."""
    stay = level.get("stay")
    for named in _criteria(stay) if stay else ():
        reached = asked.get(named.key.text)
        if reached is not None and named.part.value > reached.part.value:
            message = f"staying asks for {named.part.value}, more than the {reached.part.value} of reaching"
            report.add("ladder-not-ascending", named.part.node.place, message, "ask for the same or less")


def _entering(tiers: Part, report: Report) -> None:
    """Entering a tier sets none: that would enter the next, and so on. What it gives, it gives to the member."""
    entering = tiers.get("on_entering")
    for part in entering.within() if entering is not None else ():
        if isinstance(part.shape, Record) and part.shape.name == "set_tier":
            message = "entering a tier cannot set another"
            report.add("field-not-here", part.node.place, message, "use a campaign on tier.upgraded")
        elif isinstance(part.shape, Record) and part.shape.name == "award_points" and part.read("to") == "referrer":
            message = "what entering a tier gives is the member's"
            report.add("field-not-here", part.node.place, message, "use a campaign on tier.upgraded")


def _criteria(part: Part) -> Iterator[Named]:
    """Every criterion of all ways, with its key."""
    if not isinstance(part.shape, Record):
        yield from part.entries.values()
        return
    for key in ("any", "all"):
        listed = part.get(key)
        for each in listed.items if listed else ():
            yield from each.entries.values()
