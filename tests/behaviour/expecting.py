"""What a step must cause: outcomes complete in number, the decision on its event, and what stands in the rows after it."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from engine.core.instants import parse, render
from schemas.registry import output_of
from tests.behaviour.events import VERBS

COMPLETE = ("points", "tier-changes")  # nothing else may happen on these, and on those of which something is listed
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_SHORT = {"member": "member_id", "transaction": "transaction_id"}

Row = Any
Instant = Callable[[str], int]


def check(
    step: Mapping[str, Any],
    name: str,
    made: Sequence[Mapping[str, Any]],
    rows: Mapping[str, bytes],
    ignore: Collection[str],
    instant: Instant,
) -> None:
    """Holds a step against what was written and what stands now. Raises AssertionError."""
    _check_decisions(step, name, made)
    _check_outcomes(step, [each for each in made if each["type"] not in ignore], instant)
    for member, state in {"ann": step, **step.get("of", {})}.items():
        check_state(member, state, rows, instant)


def check_state(member: str, state: Mapping[str, Any], rows: Mapping[str, bytes], instant: Instant) -> None:
    """Holds a member's balances, lots and tiers against what a step says of them."""
    own = _row(rows, f"member:{member}") or {}
    accounts = own.get("accounts", {})
    for said, bucket in (("balance", ""), ("pending", "pending"), ("held", "held"), ("deficit", "deficit")):
        for account, points in state.get(said, {}).items():
            row = accounts.get(account, {})
            stands = row.get("books", {}).get(bucket, 0) if bucket else row.get("balance", 0)
            assert stands == int(points), f"{said} of {account} of {member} is {stands}, not {points}"
    for account, lots in state.get("lots", {}).items():
        found = [
            [str(lot["points"]), "never" if lot["expires_at"] is None else render(lot["expires_at"])]
            for lot in (
                orjson.loads(rows[key]) for key in sorted(rows) if key.startswith(f"member:{member}/lot/{account}/")
            )
        ]
        wanted = [[points, end if end == "never" else render(instant(end))] for points, end in lots]
        assert sorted(found) == sorted(wanted), f"the lots in {account} of {member} are {found}, not {wanted}"
    for ladder, tier in state.get("tier", {}).items():
        stands = own.get("ladders", {}).get(ladder, {}).get("tier")
        assert stands == tier, f"{member} stands on {stands} of {ladder}, not on {tier}"
    for tag, there in state.get("tags", {}).items():
        assert (tag in own.get("tags", ())) == (there == "true"), f"the tags of {member} are {own.get('tags')}"


def _check_decisions(step: Mapping[str, Any], name: str, made: Sequence[Mapping[str, Any]]) -> None:
    decided = [each["data"] for each in made if each["type"] == "decision.recorded"]
    found = sorted((each["input"]["id"], each["status"]) for each in decided if each["input"]["source"] == "case")
    wanted = dict(step.get("settles", {}))
    is_event = any(verb in step for verb in (*VERBS, "event"))
    status = step.get("status", "decided" if is_event else "none")
    if status != "none":
        wanted[name] = status
    if step.get("also") == "ignored" and "status" not in step:
        return
    assert found == sorted(wanted.items()), f"decisions are {found}, not {sorted(wanted.items())}"
    own: Mapping[str, Any] = next((each for each in decided if each["input"]["id"] == name), {})
    if "fired" in step:
        assert own["campaigns_fired"] == step["fired"], f"fired: {own['campaigns_fired']}"
    refused = {each["campaign"]: each["reason"] for each in own.get("campaigns_refused", ())}
    for campaign, reason in step.get("refused", {}).items():
        left_out = "." in reason and campaign not in own["campaigns_fired"]  # by the index: no condition was asked
        assert refused.get(campaign, reason if left_out else "") == reason, f"refused: {refused}"
    for said in ("shadow", "limited", "detail"):
        if said in step:
            assert fits(step[said], own.get(said), _never), f"{said}: {own.get(said)}"


def _check_outcomes(step: Mapping[str, Any], made: Sequence[Mapping[str, Any]], instant: Instant) -> None:
    wanted = [(kind, fields) for each in step.get("then", ()) for kind, fields in each.items()]
    topics = {*COMPLETE, *(output_of(kind).topic for kind, _ in wanted)} - {"decisions"}
    left = [each for each in made if output_of(each["type"]).topic in topics]
    matches = [[at for at, each in enumerate(left) if _is(each, kind, fields, instant)] for kind, fields in wanted]
    taken = _assigned(matches)
    for (kind, fields), at in zip(wanted, taken, strict=True):
        assert at is not None, f"no {kind} {fields}"
    if step.get("in_order") == "true":
        assert taken == sorted(taken), "in another order"
    if step.get("also") != "ignored":
        more = [each["type"] for at, each in enumerate(left) if at not in taken]
        assert not more, f"and nothing else may happen: {more}"


def _assigned(matches: Sequence[Sequence[int]]) -> list[Any]:
    """To each expectation one outcome of its own, as early as may be; None where there is none left."""
    owner: dict[int, int] = {}

    def take(wanted: int, tried: set[int]) -> bool:
        for at in matches[wanted]:
            if at not in tried:
                tried.add(at)
                if at not in owner or take(owner[at], tried):
                    owner[at] = wanted
                    return True
        return False

    for wanted in range(len(matches)):
        take(wanted, set())
    found = {wanted: at for at, wanted in owner.items()}
    return [found.get(wanted) for wanted in range(len(matches))]


def _is(outcome: Mapping[str, Any], kind: str, fields: Any, instant: Instant) -> bool:
    if outcome["type"] != kind:
        return False
    for name, written in (fields or {}).items():
        actual = outcome[name] if name in ("time", "mode", "subject") else outcome["data"].get(_SHORT.get(name, name))
        if not fits(written, actual, instant):
            return False
    return True


def fits(written: Any, actual: Any, instant: Instant) -> bool:
    """Whether a value is what is written; of a map only what is named counts."""
    match actual:
        case None:
            return written in ("none", "null")
        case bool():
            return bool(written == ("true" if actual else "false"))
        case Mapping():
            return isinstance(written, Mapping) and all(
                fits(each, actual.get(name), instant) for name, each in written.items()
            )
        case list():
            if not isinstance(written, list) or len(written) != len(actual):
                return False
            return all(fits(mine, theirs, instant) for mine, theirs in zip(written, actual, strict=True))
        case str() if _INSTANT.match(actual) and _INSTANT.match(str(written)):
            return parse(actual) == instant(written)
        case _:
            return bool(str(actual) == written)


def _row(rows: Mapping[str, bytes], key: str) -> Row:
    value = rows.get(key)
    return None if value is None else orjson.loads(value)


def _never(text: str) -> int:
    raise AssertionError(f"{text} is no instant here")
