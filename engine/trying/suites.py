"""`*.test.yaml` files as suites of cases; what is wrong in them is reported at its place, like mistakes in rules."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import PurePosixPath

from engine.core.calendar import Period, Zone, add_months, duration_ms, instant_of, local_day, local_ms
from engine.core.instants import DAY_MS, HOUR_MS
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.rulebook.yaml_text import read_yaml
from engine.ruleset.model import Ruleset
from engine.trying.cases import Case, Expected, Step, Suite
from engine.trying.events import WORDS, filled, type_of
from engine.trying.expecting import Expecting
from engine.trying.given import Entries, GivenMember
from engine.trying.payloads import Payloads, attribute_types
from schemas.registry import INPUTS

SUFFIX = ".test.yaml"
SUBJECTS = ("campaign", "programme", "tiers", "achievement")  # what a file of tests may be about
AWAITED = (
    "vouchers",
    "budgets",
    "schedules",
    "returns",
    "feedback",
    "lists",
    "tiers",
    "promo_codes",
    "achievements",
    "reward_store",
    "outlets",
    "payments",
    "birthdays",
    "rates",
)
_EPOCH = date(1970, 1, 1).toordinal()
_NOON = "2026-01-05T12:00"  # a Monday: when a test begins that says nothing of time, in a campaign without a beginning


def read_suites(sources: Mapping[str, str], ruleset: Ruleset, report: Report) -> tuple[Suite, ...]:
    """The suites of all test files among the sources, by path; one that cannot be read at all is left out."""
    suites = []
    for path in sorted(path for path in sources if path.endswith(SUFFIX)):
        root = read_yaml(path, sources[path], report)
        if root is not None:
            suite = _Suite(path, ruleset, report).read(root)
            suites += [suite] if suite is not None else []
    return tuple(suites)


class _Suite:
    """Reads one file."""

    def __init__(self, path: str, ruleset: Ruleset, report: Report) -> None:
        programme = ruleset.programme
        self._path = path
        self._ruleset = ruleset
        self._report = report
        self._zone: Zone = programme.zone
        self._reading = Reading(programme.minor_digits, programme.zone)
        self._payloads = Payloads(self._reading, report, attribute_types(ruleset))
        self._members = GivenMember(ruleset, self._reading, self._payloads, report)
        self._expecting = Expecting(ruleset, "", self._reading, report)
        self._start_ms = 0

    def read(self, root: Node) -> Suite | None:
        keys = self._keys(root, ("given", "cases", *SUBJECTS), "a file of tests")
        subject = next((name for name in SUBJECTS if name in keys), None)
        if subject is None or "cases" not in keys:
            if keys:
                missing = "cases" if subject else "campaign"
                self._report.add("missing-key", root.place, f"a file of tests needs {shown(missing)}")
            return None
        campaign = self._about(subject, keys[subject][1])
        self._expecting = Expecting(self._ruleset, campaign, self._reading, self._report)
        self._start_ms = self._start_of(campaign)
        given = self._given(keys.get("given"))
        node = keys["cases"][1]
        if not isinstance(node, Sequence):
            self._wrong(node, "a list of cases")
            return None
        cases = tuple(case for each in node.items if (case := self._case(each, given)) is not None)
        names = [case.name for case in cases]
        for case in cases:
            if names.count(case.name) > 1:
                self._report.add("duplicate-name", case.place, f"two cases are called {shown(case.name)}")
        return Suite(self._path, campaign, cases)

    def _about(self, subject: str, node: Node) -> str:
        """The campaign under test, "" for the programme as a whole."""
        name = self._text(node)
        stem = PurePosixPath(self._path).name.removesuffix(SUFFIX)
        if subject != "programme" and name and name != stem:
            self._report.add("name-differs", node.place, f"{shown(name)} is tested in a file of the name {shown(stem)}")
        if subject != "campaign":
            return ""
        known = [campaign.name for campaign in self._ruleset.campaigns]
        if name and name not in known:
            self._report.add(
                "unknown-name", node.place, f"there is no campaign {shown(name)}", partial(nearest, name, known)
            )
        return name

    def _start_of(self, campaign: str) -> int:
        """Noon of the campaign's first day."""
        found = next((each for each in self._ruleset.campaigns if each.name == campaign), None)
        if found is not None and found.from_ms is not None:
            return found.from_ms + 12 * HOUR_MS
        noon = READERS["start"].read(_NOON, self._reading)
        return noon if isinstance(noon, int) else 0

    def _given(self, entry: tuple[Scalar, Node] | None) -> tuple[Entries | None, Node | None]:
        """The member's entries (None: nobody is enrolled) and the time."""
        if entry is None:
            return {}, None
        keys = self._keys(entry[1], ("member", "time"), "`given`")
        member = keys["member"][1] if "member" in keys else None
        time = keys["time"][1] if "time" in keys else None
        if isinstance(member, Scalar) and member.text == "none":
            return None, time
        if member is None:
            return {}, time
        if not isinstance(member, Map):
            self._wrong(member, "what is known of the member")
            return {}, time
        return {key.text: (key, value) for key, value in member.entries}, time

    def _case(self, node: Node, given: tuple[Entries | None, Node | None]) -> Case | None:
        keys = self._keys(node, ("name", "given", "when", "then", "awaits"), "a case")
        for name in ("name", "when"):
            if keys and name not in keys:
                self._report.add("missing-key", node.place, f"a case needs {shown(name)}")
        if "name" not in keys or "when" not in keys:
            return None
        own, own_time = self._given(keys.get("given"))
        entries = None if own is None or (given[0] is None and not own) else {**(given[0] or {}), **own}
        time = own_time or given[1]
        at_ms = self._start_ms if time is None else self._payloads.instant(time) or self._start_ms
        when = keys["when"][1]
        nodes = when.items if isinstance(when, Sequence) else (when,)
        enrols = any(isinstance(each, Map) and each.get("enrol") is not None for each in nodes[:1])
        member_id = self._text(entries["id"][1]) if entries and "id" in entries else "M"
        steps = self._steps(nodes, at_ms, member_id)
        steps = self._last(steps, keys, node)
        if not steps:
            return None
        standing = None
        if entries is not None and not (enrols and not entries):
            first = min(step.at_ms for step in steps)
            begins = first if time is None and steps[0].type else min(first, at_ms)
            standing = self._members.read(entries, begins)
        title = keys["name"][1]
        return Case(title.place, self._text(title), standing, tuple(steps))

    def _last(self, steps: list[Step], keys: Entries, node: Node) -> list[Step]:
        """The case's own `then` and `awaits` are those of its last step."""
        if not steps:
            return steps
        last = steps[-1]
        if "then" in keys:
            if last.expected is not None:
                self._report.add(
                    "duplicate-key", keys["then"][0].place, "the last step has a `then` of its own already"
                )
            last = replace(last, expected=self._expecting.read(keys["then"][1]))
        elif last.expected is None:
            self._report.add("missing-key", node.place, 'a case needs "then", or its last step does')
        if "awaits" in keys:
            last = replace(last, awaits=(*last.awaits, *self._awaits(keys["awaits"][1])))
        return [*steps[:-1], last]

    def _steps(self, nodes: tuple[Node, ...], at_ms: int, member_id: str) -> list[Step]:
        steps: list[Step] = []
        for number, node in enumerate(nodes, 1):
            step = self._step(node, number, at_ms, member_id)
            if step is not None:
                steps.append(step)
                at_ms = step.at_ms
        return steps

    def _step(self, node: Node, number: int, at_ms: int, member_id: str) -> Step | None:
        if not isinstance(node, Map):
            self._wrong(node, "an event")
            return None
        doing = [(key, value) for key, value in node.entries if key.text not in ("then", "awaits")]
        if len(doing) != 1:
            self._report.add(
                "wrong-shape", node.place, "exactly one event should stand here", "a list of events is a sequence"
            )
            return None
        key, value = doing[0]
        then, awaits = node.get("then"), node.get("awaits")
        expected: Expected | None = None if then is None else self._expecting.read(then)
        awaited = () if awaits is None else self._awaits(awaits)
        kind = type_of(key.text)
        if key.text in ("after", "at"):
            to_ms = self._moved(key.text, value, at_ms)
            return Step(key.place, f"{key.text} {self._text(value)}", to_ms, "", {}, expected, awaited)
        if kind is None:
            known = (*WORDS, *INPUTS, "after", "at")
            hint = partial(nearest, key.text, known)
            self._report.add("unknown-choice", key.place, f"{shown(key.text)} is no event", hint)
            return None
        time, rest = _without_time(value)
        at_ms = at_ms if time is None else self._payloads.instant(time) or at_ms
        payload = self._payloads.record(INPUTS[kind].model, rest)
        whole = filled(kind, payload, number, member_id, self._ruleset.programme)
        return Step(key.place, key.text, at_ms, kind, whole, expected, awaited)

    def _moved(self, word: str, node: Node, at_ms: int) -> int:
        if word == "at":
            return self._payloads.instant(node) or at_ms
        value = READERS["period"].read(self._text(node), self._reading)
        if isinstance(value, Wrong):
            self._report.add(value.code, node.place, value.message, value.hint)
        return _later(at_ms, value, self._zone) if isinstance(value, Period) else at_ms

    def _awaits(self, node: Node) -> tuple[str, ...]:
        items = node.items if isinstance(node, Sequence) else (node,)
        for item in items:
            name = self._text(item)
            if name and name not in AWAITED:
                hint = partial(nearest, name, AWAITED)
                self._report.add("unknown-choice", item.place, f"{shown(name)} is no later work", hint)
        return tuple(self._text(item) for item in items)

    def _keys(self, node: Node, known: tuple[str, ...], whose: str) -> dict[str, tuple[Scalar, Node]]:
        if not isinstance(node, Map):
            self._wrong(node, f"a map ({', '.join(known)})")
            return {}
        for key, _ in node.entries:
            if key.text not in known:
                hint = partial(nearest, key.text, known)
                self._report.add("unknown-key", key.place, f"{shown(key.text)} is no key of {whose}", hint)
        return {key.text: (key, value) for key, value in node.entries}

    def _text(self, node: Node) -> str:
        if isinstance(node, Scalar) and (node.text or node.quoted):
            return node.text
        self._wrong(node, "a single value")
        return ""

    def _wrong(self, node: Node, wanted: str) -> None:
        self._report.add("wrong-shape", node.place, f"{wanted} should stand here, not {kind_of(node)}")


def _without_time(node: Node) -> tuple[Node | None, Node]:
    """An event's own time apart from its payload."""
    if not isinstance(node, Map):
        empty = isinstance(node, Scalar) and not node.text and not node.quoted
        return None, Map((), node.place) if empty else node
    time = node.get("time")
    rest = tuple((key, value) for key, value in node.entries if key.text != "time")
    return time, Map(rest, node.place)


def _later(at_ms: int, period: Period, zone: Zone) -> int:
    """The instant a period later; months and years come to the same local time."""
    if period.unit not in ("months", "years"):
        return at_ms + duration_ms(period)
    day = add_months(local_day(at_ms, zone), period.amount * (12 if period.unit == "years" else 1))
    local = local_ms(at_ms, zone)
    return instant_of((day.toordinal() - _EPOCH) * DAY_MS + local % DAY_MS, zone)
