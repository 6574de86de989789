"""What a schedule says together."""

from engine.rulebook.book import Book
from engine.rulebook.diagnostics import Report
from engine.rulebook.shapes import Part

_BESIDE = {  # the keys that a unit takes
    "day": (),
    "week": ("weekday",),
    "month": ("day",),
    "quarter": ("month", "day"),
    "year": ("month", "day"),
}
_MOST = {"day": 31, "month": 12}
_MONTHS_OF_QUARTER = 3


def schedule_of(campaign: Part, book: Book, report: Report) -> None:
    """Looks at the schedule that a campaign is on, if it is on one."""
    on = campaign.get("on")
    if on is None or isinstance(on.value, str):
        return
    unit = on.get("every")
    if unit is not None:
        _every(on, unit.value, report)
    yearly = on.get("yearly")
    if yearly is not None:
        declared = book.named("attribute").get(yearly.value.removeprefix("member.profile."))
        if declared is not None and declared.part.read("type") not in ("day", "month_day"):
            message = f"{yearly.value} is no day of a year"
            report.add("field-type", yearly.node.place, message, "name an attribute of the type month_day or day")
    for need, beside in (("after", "of"),):
        if on.get(need) is not None and on.get(beside) is None:
            report.add("missing-key", on.node.place, f'`{need}` needs "{beside}" beside it', "of: member.enrolled")


def _every(on: Part, unit: str, report: Report) -> None:
    for key in ("day", "month", "weekday"):
        given = on.get(key)
        if given is None:
            continue
        if key not in _BESIDE[unit]:
            report.add("keys-contradict", given.node.place, f'"{key}" does not go with "every: {unit}"', "leave it out")
        most = _MONTHS_OF_QUARTER if (key, unit) == ("month", "quarter") else _MOST.get(key, 0)
        if most and given.value > most:
            report.add("impossible-day", given.node.place, f"there is no {key} {given.value} in a {unit}")
