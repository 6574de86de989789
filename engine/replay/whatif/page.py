"""The report as a page: one file that needs nothing else, with Plotly's own program in it once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from engine.replay.whatif.charts import charts_of

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_FEW_OUTCOMES = 12


def page_of(report: Mapping[str, Any]) -> str:
    """The page's text. Whatever a name contains stands there as text."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    digits, currency = report["programme"]["minor_digits"], report["programme"]["currency"]
    page.filters.update(
        number=lambda value: "" if value is None else f"{value:,}",
        signed=lambda value: "" if value is None else f"{value:+,}" if value else "0",
        money=lambda value: "" if value is None else f"{_money(value, digits)} {currency}",
        signed_money=lambda value: (
            "" if value is None else f"{'+' if value > 0 else ''}{_money(value, digits)} {currency}"
        ),
        percent=_percent,
        day=lambda value: "" if value is None else value[:10],
        moment=lambda value: "" if value is None else value[:19].replace("T", " ") + " UTC",
        words=lambda value: (
            "missing" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        ),
    )
    charts = charts_of(report)
    drawn = {name: {"data": chart.data, "layout": chart.layout} for name, chart in charts.items()}
    template = page.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        charts=charts,
        drawn=Markup(_in_script(orjson.dumps(drawn).decode())),  # noqa: S704 - cannot end the script, see there
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - Plotly's own program
        few=_FEW_OUTCOMES,
    )


def _in_script(json: str) -> str:
    """JSON that no text in it can end the script of."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _money(minor: int, digits: int) -> str:
    whole, rest = divmod(abs(minor), 10**digits)
    text = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    return f"-{text}" if minor < 0 else text


def _percent(difference: int, of: int) -> str:
    return "" if not of else f"{difference * 100 / abs(of):+.1f} %"
