"""An explanation as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import orjson
from jinja2 import Environment, StrictUndefined

from engine.replay.explaining import model
from engine.replay.explaining.layout import layout_of

_TEMPLATE = "page.html.j2"
_KINDS = {"points.reversed": "reversed", "points.spent": "spent", "points.expired": "expired", "points.held": "held"}


class Share(NamedTuple):
    """A part of an award in the bar that shows what became of it."""

    kind: str
    points: int
    percent: float


def page(found: model.Explanation) -> str:
    """The file's text. All that comes from data is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["json"] = _json
    template = environment.from_string(files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    return template.render(found=found, layout=layout_of(found), shares=shares)


def shares(one: model.Fate) -> Sequence[Share]:
    """What became of an award's points, as far as they can be told apart; held ones that came free are not shown."""
    points = {"deficit": one.paid_deficit, "reversed": 0, "spent": 0, "expired": 0}
    for each in one.changes:
        kind = _KINDS.get(each.type)
        if kind in points and each.points:
            points[kind] += each.points
        elif each.type == "points.restored" and each.points:
            points["spent"] = max(points["spent"] - each.points, 0)
    points["left"] = one.left
    whole = max(sum(points.values()), 1)
    return [Share(kind, count, round(100 * count / whole, 2)) for kind, count in points.items() if count]


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
