"""The charts of the page, as Plotly takes them: data and layout in plain values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any, NamedTuple

RECORDED, NEW = "#9aa5b1", "#1f6feb"
MORE, LESS = "#2e8b57", "#c8553d"
_INK, _LINE, _BACK = "#24292f", "#e6e8eb", "#ffffff"
_DAYS_ALONE = 130  # of more days, weeks are shown
_WEEK = 7
_BAR = 34
_FEW_MEMBERS = 10  # fewer are counted one by one


class Chart(NamedTuple):
    """A chart and what is to be said of it."""

    name: str
    title: str
    note: str
    height: int
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]


def charts_of(report: Mapping[str, Any]) -> dict[str, Chart]:
    """The charts that there is something to show in, by name."""
    return {chart.name: chart for chart in _charts(report)}


def _charts(report: Mapping[str, Any]) -> Iterator[Chart]:
    if report["days"]:
        yield _days(report)
    changed = [row for row in report["campaigns"] if row["points_difference"]]
    if changed:
        yield _campaigns(changed)
    if report["members"]["distribution"]:
        yield _distribution(report["members"]["distribution"])
    for at, ladder in enumerate(report["tiers"]):
        yield _tiers(at, ladder)
    if report["liability"]:
        yield _liability(report)


def _days(report: Mapping[str, Any]) -> Chart:
    """Points given in both worlds above, the difference below; by week where there are many days, with a button for days."""
    accounts = set(report["headline"]["accounts"])
    recorded: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for row in report["days"]:
        if row["account"] in accounts:
            recorded[row["day"]] += row["points_recorded"]
            new[row["day"]] += row["points_new"]
    days = _all_days(sorted(recorded.keys() | new.keys()))
    by_day = _series(recorded, new, {day: day for day in days})
    by_week = _series(recorded, new, {day: _monday(day) for day in days})
    long = len(days) > _DAYS_ALONE
    shown = by_week if long else by_day
    data = [
        _line("as recorded", shown.x, shown.recorded, RECORDED),
        _line("under the new rules", shown.x, shown.new, NEW),
        {
            "type": "bar",
            "name": "difference",
            "x": shown.x,
            "y": shown.difference,
            "yaxis": "y2",
            "showlegend": False,
            "marker": {"color": shown.colors},
            "hovertemplate": "%{y:+,} points<extra>difference</extra>",
        },
    ]
    layout = _layout(
        xaxis={"type": "date", "gridcolor": _LINE, "anchor": "y2", "tickformat": "%-d %b\n%Y"},
        yaxis={**_points_axis("points"), "domain": [0.36, 1.0]},
        yaxis2={**_points_axis("difference"), "domain": [0.0, 0.26]},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.12},
        updatemenus=[_buttons(week=by_week, day=by_day)] if long else [],
    )
    note = f"Points given less those that returns took back, by local day of {report['programme']['zone']}"
    note += "; weeks begin on Monday, the first and the last may be short." if long else "."
    return Chart("days", f"Points given per {'week' if long else 'day'}", note, 430, data, layout)


class _Series(NamedTuple):
    x: list[str]
    recorded: list[int]
    new: list[int]
    difference: list[int]
    colors: list[str]


def _series(recorded: Mapping[str, int], new: Mapping[str, int], starts: Mapping[str, str]) -> _Series:
    """The sums by what each day counts to."""
    x = list(dict.fromkeys(starts.values()))
    ours, theirs = _summed(recorded, starts), _summed(new, starts)
    difference = [theirs[start] - ours[start] for start in x]
    colors = [MORE if each >= 0 else LESS for each in difference]
    return _Series(x, [ours[start] for start in x], [theirs[start] for start in x], difference, colors)


def _buttons(**shown: _Series) -> dict[str, Any]:
    """Buttons that change the step of time."""
    buttons = [
        {
            "label": f"per {name}",
            "method": "restyle",
            "args": [
                {
                    "x": [each.x] * 3,
                    "y": [each.recorded, each.new, each.difference],
                    "marker.color": [RECORDED, NEW, each.colors],
                }
            ],
        }
        for name, each in shown.items()
    ]
    place = {"direction": "right", "x": 1, "xanchor": "right", "y": 1.16, "yanchor": "top", "pad": {"r": 0, "t": 0}}
    return {
        "type": "buttons",
        "buttons": buttons,
        "bgcolor": _BACK,
        "bordercolor": _LINE,
        "font": {"size": 12},
        **place,
    }


def _campaigns(rows: Sequence[Mapping[str, Any]]) -> Chart:
    shown = list(reversed(rows[:20]))
    differences = [row["points_difference"] for row in shown]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": [escape(row["campaign"] or "(none)") for row in shown],
            "x": differences,
            "text": [f"{each:+,}" for each in differences],
            "textposition": "auto",
            "marker": {"color": [MORE if each >= 0 else LESS for each in differences]},
            "hovertemplate": "%{y}: %{x:+,} points<extra></extra>",
        }
    ]
    layout = _layout(
        xaxis=_points_axis("points more or less than recorded"),
        yaxis={"automargin": True, "ticksuffix": "  "},
        bargap=0.35,
    )
    note = "Points given under the new rules less those recorded; campaigns without a difference are left out."
    return Chart("campaigns", "Difference by campaign", note, 120 + _BAR * len(shown), data, layout)


def _distribution(bars: Sequence[Mapping[str, Any]]) -> Chart:
    width = bars[0]["below"] - bars[0]["from"]
    data = [
        {
            "type": "bar",
            "x": [bar["from"] + width / 2 for bar in bars],
            "y": [bar["members"] for bar in bars],
            "width": [width * 0.94] * len(bars),
            "customdata": [[bar["from"], bar["below"] - 1] for bar in bars],
            "marker": {"color": [MORE if bar["from"] >= 0 else LESS for bar in bars]},
            "hovertemplate": "%{y:,} members: %{customdata[0]:+,} to %{customdata[1]:+,} points<extra></extra>",
        }
    ]
    layout = _layout(
        xaxis={**_points_axis("points more or less, per member"), "gridcolor": _BACK},
        yaxis=_members_axis([bar["members"] for bar in bars]),
    )
    note = f"Members by how many points more or less they would have got, in steps of {width:,}; those who get the same are left out."
    return Chart("distribution", "Who gains and who loses", note, 340, data, layout)


def _tiers(at: int, ladder: Mapping[str, Any]) -> Chart:
    names = [escape(row["tier"] or "none") for row in ladder["tiers"]]
    data = [
        _bars("as recorded", names, [row["members_recorded"] for row in ladder["tiers"]], RECORDED, "members"),
        _bars("under the new rules", names, [row["members_new"] for row in ladder["tiers"]], NEW, "members"),
    ]
    layout = _layout(
        xaxis={"type": "category"},
        yaxis=_members_axis([row[f"members_{side}"] for row in ladder["tiers"] for side in ("recorded", "new")]),
        barmode="group",
        legend={"orientation": "h", "x": 0, "y": 1.15},
    )
    return Chart(f"tiers{at}", f"Members by tier: {ladder['ladder']}", "As they stand in the end.", 320, data, layout)


def _liability(report: Mapping[str, Any]) -> Chart:
    accounts = set(report["headline"]["accounts"])
    recorded: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for row in report["liability"]:
        if row["account"] in accounts:
            month = row["month"] or "no end"
            recorded[month] += row["points_recorded"]
            new[month] += row["points_new"]
    months = sorted(recorded.keys() | new.keys())
    data = [
        _bars("as recorded", months, [recorded[month] for month in months], RECORDED, "points"),
        _bars("under the new rules", months, [new[month] for month in months], NEW, "points"),
    ]
    layout = _layout(
        xaxis={"type": "category"},
        yaxis={**_points_axis("points outstanding"), "rangemode": "tozero"},
        barmode="group",
        legend={"orientation": "h", "x": 0, "y": 1.15},
    )
    note = "Available and held points in the end, by the month in which they expire if nobody spends them."
    return Chart("liability", "Points outstanding by month of expiry", note, 340, data, layout)


def _layout(**more: object) -> dict[str, Any]:
    return {
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": _INK},
        "paper_bgcolor": _BACK,
        "plot_bgcolor": _BACK,
        "margin": {"l": 70, "r": 24, "t": 24, "b": 44},
        "separators": ".,",
        "hoverlabel": {"bgcolor": _BACK},
        **more,
    }


def _points_axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": 12}},
        "tickformat": ",",
        "gridcolor": _LINE,
        "zerolinecolor": "#b8bec6",
        "automargin": True,
    }


def _members_axis(counts: Sequence[int]) -> dict[str, Any]:
    whole = {"dtick": 1} if max(counts, default=0) < _FEW_MEMBERS else {}
    return {**_points_axis("members"), "rangemode": "tozero", **whole}


def _line(name: str, x: Sequence[str], y: Sequence[int], color: str) -> dict[str, Any]:
    hover = f"%{{y:,}} points<extra>{name}</extra>"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": {"color": color, "width": 2},
        "hovertemplate": hover,
    }


def _bars(name: str, x: Sequence[str], y: Sequence[int], color: str, unit: str) -> dict[str, Any]:
    hover = f"%{{y:,}} {unit}<extra>{name}</extra>"
    return {"type": "bar", "name": name, "x": x, "y": y, "marker": {"color": color}, "hovertemplate": hover}


def _all_days(days: Sequence[str]) -> list[str]:
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    return [(first + timedelta(days=at)).isoformat() for at in range((last - first).days + 1)]


def _monday(day: str) -> str:
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()


def _summed(points: Mapping[str, int], starts: Mapping[str, str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for day, count in points.items():
        found[starts[day]] += count
    return found
