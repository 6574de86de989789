"""Arbitrary lives of a member: the engine and the naive model are seen alike after every step. `make machine` runs it long."""

from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.model.days import DAY_MS, HOUR_MS, local, midnight
from tests.model.happenings import WISHES, Wish, fitted, lines, rest, returned, sale
from tests.model.pair import START, Pair
from tests.model.programme import Negative
from tests.model.worth import Sale

T = TypeVar("T")

LATENESS = st.one_of(st.just(0), st.just(0), st.integers(0, 29 * 24).map(lambda hours: hours * HOUR_MS))
WHICH = st.integers(0, 7)  # of the latest, counted back
OPEN = 6
FIFTHS = st.integers(1, 6)  # of the points there are; the sixth is more than there is
STEPS = (1000, HOUR_MS, DAY_MS, 5 * DAY_MS, 14 * DAY_MS, 31 * DAY_MS)


class Life(RuleBasedStateMachine):
    """What can happen to a member."""

    negative: Negative = "never"

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(self.negative)
        self.now = START
        self.number = 0
        self.used: set[int] = set()

    @invariant()
    def alike(self) -> None:
        self.pair.agree()

    # -- buying

    @rule(baskets=st.lists(lines(), min_size=1, max_size=3), late=LATENESS, surplus=st.sampled_from([0, 0, 0, 123]))
    def buys(self, baskets: list[list[dict[str, Any]]], late: int, surplus: int) -> None:
        for bought in baskets:
            self._hear("transaction.completed", sale(self._name("T"), bought, surplus), late)

    @precondition(lambda self: self.pair.model.points.available)
    @rule(bought=lines(), fifths=FIFTHS)
    def buys_and_pays_with_points(self, bought: list[dict[str, Any]], fifths: int) -> None:
        owed = sum(line["amount_minor"] for line in bought)
        points = min(self._some(fifths), owed, self.pair.model.points.available)
        if points > 0:
            spend_id, key = self._name("S"), self._name("T")
            self._spend(spend_id, points)
            payments = [{"method": "points", "amount_minor": points, "spend_id": spend_id}]
            self._hear("transaction.completed", sale(key, bought, payments=payments))

    @rule(bought=lines(), late=st.integers(31, 60))
    def buys_too_late_to_count(self, bought: list[dict[str, Any]], late: int) -> None:
        self._hear("transaction.completed", sale(self._name("T"), bought), late * DAY_MS)

    @precondition(lambda self: self.pair.history)
    @rule(which=WHICH, how=st.sampled_from(["same id", "same key", "other data"]))
    def says_it_again(self, which: int, how: str) -> None:
        kind, data, time_ms, event_id = self._latest(self.pair.history, which)
        if how == "same id":
            self.pair.hear(kind, data, time_ms, event_id)
        elif kind.startswith("transaction.") and kind != "transaction.replaced":
            more = {"outlet_code": "O-9"} if how == "other data" else {}
            self.pair.hear(kind, {**data, **more}, time_ms, self._name("again"))

    # -- bringing back

    @precondition(lambda self: self.pair.model.sales)
    @rule(which=WHICH, wishes=WISHES, surplus=st.sampled_from([False, False, False, True]), late=LATENESS)
    def brings_back_a_part(self, which: int, wishes: list[Wish], surplus: bool, late: int) -> None:
        made = self._sale(which)
        brought = fitted(made, wishes, surplus=surplus)
        self._hear("transaction.returned", returned(self._name("R"), made.key, brought), late)

    @precondition(lambda self: any(made.spend_id for made in self.pair.model.sales.values()))
    @rule(which=WHICH, wishes=WISHES, points=st.integers(0, 400))
    def is_given_points_back(self, which: int, wishes: list[Wish], points: int) -> None:
        paid = [made for made in self.pair.model.sales.values() if made.spend_id]
        made = self._latest(paid, which)
        refunds = [{"method": "points", "points": points}] if points else [{"method": "card", "amount_minor": 100}]
        brought = fitted(made, wishes)
        self._hear("transaction.returned", returned(self._name("R"), made.key, brought, refunds=refunds))

    @precondition(lambda self: self.pair.model.sales)
    @rule(which=WHICH, pieces=st.lists(WISHES, max_size=4))
    def brings_back_all_in_pieces(self, which: int, pieces: list[list[Wish]]) -> None:
        made = self._sale(which)
        for wishes in pieces:
            self._hear("transaction.returned", returned(self._name("R"), made.key, fitted(made, wishes)))
            self.pair.agree()
        if left := rest(made):
            self._hear("transaction.returned", returned(self._name("R"), made.key, left))

    @precondition(lambda self: self.pair.model.sales)
    @rule(which=WHICH)
    def cancels(self, which: int) -> None:
        self._hear("transaction.cancelled", {"transaction_id": self._sale(which).key, "member_id": "M-1"})

    @precondition(lambda self: self.pair.model.sales)
    @rule(which=WHICH, wishes=WISHES)
    def has_a_sale_sent_again_without_a_part(self, which: int, wishes: list[Wish]) -> None:
        made = self._sale(which)
        wanted = {each["line_id"]: each for each in fitted(made, wishes)}
        left = []
        for line in made.lines.values():
            pieces = line.pieces_kept - wanted.get(line.line_id, {"quantity": 0})["quantity"]
            if not line.gone and (pieces > 0 or (line.pieces == 0 and line.line_id not in wanted)):
                amount = line.amount_kept if line.line_id not in wanted else line.amount_kept * pieces // line.pieces
                part = {"line_id": line.line_id, "sku": "S", "quantity": pieces, "amount_minor": amount}
                left.append({**part, "category": line.category})
        surplus = made.amount - sum(line.amount for line in made.lines.values())
        self._hear("transaction.replaced", sale(made.key, left, surplus))

    @rule(bought=lines(), wishes=WISHES, wait=st.integers(0, 20), cancelled=st.booleans())
    def brings_back_before_it_is_bought(
        self, bought: list[dict[str, Any]], wishes: list[Wish], wait: int, cancelled: bool
    ) -> None:
        key = self._name("T")
        made = Sale.of(sale(key, bought), self.now)
        if cancelled:
            self._hear("transaction.cancelled", {"transaction_id": key, "member_id": "M-1"})
        else:
            self._hear("transaction.returned", returned(self._name("R"), key, fitted(made, wishes)))
        self.pair.agree()
        self._advance(wait * DAY_MS + 1000)
        self._hear("transaction.completed", sale(key, bought), HOUR_MS)

    # -- points

    @rule(fifths=FIFTHS, account=st.sampled_from(["points", "points", "points", "tier_points"]))
    def spends(self, fifths: int, account: str) -> None:
        self._spend(self._name("S"), self._some(fifths), account=account)

    @rule(fifths=FIFTHS, late=st.sampled_from([0, 0, 20 * HOUR_MS, 60 * HOUR_MS]))
    def holds_points(self, fifths: int, late: int) -> None:
        self._hear("points.hold_requested", _command("hold_id", self._name("H"), self._some(fifths)), late)

    @precondition(lambda self: self.pair.model.points.holds)
    @rule(which=WHICH, spent=st.booleans())
    def ends_a_hold(self, which: int, spent: bool) -> None:
        hold_id = self._latest(list(self.pair.model.points.holds), which)
        points = sum(lot.points for lot in self.pair.model.points.holds[hold_id].lots)
        if spent:
            self._spend(self._name("S"), points, hold_id=hold_id)
        else:
            self._hear("points.hold_release_requested", _command("hold_id", hold_id, points))

    @rule(points=st.integers(-300, 300).filter(bool), late=LATENESS)
    def is_adjusted(self, points: int, late: int) -> None:
        command = _command("adjustment_id", self._name("A"), points)
        self._hear("points.adjustment_requested", {**command, "actor": "ada", "reason": "goodwill"}, late)

    # -- time

    @rule(step=st.sampled_from(STEPS), times=st.integers(1, 3))
    def time_goes_on(self, step: int, times: int) -> None:
        self._advance(step * times)

    @rule(days=st.integers(1, 40))
    def midnight_comes(self, days: int) -> None:
        self._advance(midnight(local(self.now + days * DAY_MS).date()) - self.now)

    @rule(kind=st.sampled_from(["expiry", "pending", "hold"]), early=st.sampled_from([0, 0, 1]))
    def the_next_due_instant_comes(self, kind: str, early: int) -> None:
        points = self.pair.model.points
        due = {
            "expiry": [lot.expires_at for lot in points.lots],
            "pending": [each.active_from for each in points.waiting],
            "hold": [hold.until for hold in points.holds.values()],
        }[kind]
        if due:
            self._advance(max(min(due) - early - self.now, 0))

    # -- telling

    def _name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}-{self.number}"

    def _hear(self, kind: str, data: dict[str, Any], late: int = 0) -> None:
        time_ms = self.now - late
        while time_ms in self.used:  # lots earned at one instant would be told apart by their ids alone (B-3)
            time_ms -= 1
        self.used.add(time_ms)
        self.pair.hear(kind, data, time_ms, self._name("event"))

    def _spend(self, spend_id: str, points: int, account: str = "points", **more: Any) -> None:
        self._hear("points.spend_requested", {**_command("spend_id", spend_id, points, account), **more})

    def _advance(self, by_ms: int) -> None:
        self.now += by_ms
        self.pair.tick(self.now)

    def _some(self, fifths: int) -> int:
        return max(self.pair.model.points.available * fifths // 5, 1)

    def _sale(self, which: int) -> Sale:
        """One of the latest; seldom one that is back already, if there is another."""
        sales = list(self.pair.model.sales.values())
        kept = [made for made in sales if not made.nothing_left]
        return self._latest(kept if kept and which < OPEN else sales, which)

    @staticmethod
    def _latest(found: list[T], which: int) -> T:
        return found[-1 - which % len(found)]


def _command(key: str, name: str, points: int, account: str = "points") -> dict[str, Any]:
    return {key: name, "member_id": "M-1", "account": account, "points": points}


class LifeOnCredit(Life):
    """The same where a balance may be negative."""

    negative: Negative = "allowed"


LONG = settings.get_current_profile_name() == "machine"
SHORT = settings(
    max_examples=80, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestLife = Life.TestCase
TestLifeOnCredit = LifeOnCredit.TestCase
TestLife.settings = TestLifeOnCredit.settings = settings() if LONG else SHORT
