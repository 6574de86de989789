"""Answers to what an event asked, at its member: each is noted, the last one of the limits gives, the last of all settles (B-14)."""

from collections.abc import Mapping, Sequence

from engine.core import ids
from engine.core.records import Event, Json, Message
from engine.decide.campaigns import asking, budget, referring
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.waiting import asked_key, campaigns_of, keep_waiting
from engine.decide.draft import Draft
from engine.decide.members import linking
from engine.decide.members.member import decide_campaigns
from engine.decide.membership import finish, known_member
from engine.decide.parking import from_json, release, release_returns
from engine.decide.rows.base import KEEP_KEYS_MS
from engine.decide.rows.limits import AskedRow, QuestionRow
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import AwardRow, TransactionRow, UseRow
from engine.decide.settling import settled_at_last
from engine.decide.tiers.progress import progress


class Waiting:
    """An event that waits, taken up with an answer. The draft goes on as the event's own step went: its rules, its depth."""

    def __init__(self, draft: Draft, record: str) -> None:
        self.draft = draft
        found: AskedRow = draft.get(asked_key(draft, record))
        self.row = AskedRow(**{**found, "waiting": list(found["waiting"])})
        self.event: Event = from_json(self.row["event"], draft.subject)
        self.campaigns: Campaigns = campaigns_of(self.row)
        self.member: MemberRow = known_member(draft)
        draft.rules = draft.rules_of(self.row["ruleset"])
        draft.depth = self.row["depth"]
        draft.explicit_tiers = set(self.row["explicit"])

    def answered(self, name: str) -> None:
        """Notes that something is not waited for any more."""
        self.row["waiting"] = [each for each in self.row["waiting"] if each != name]

    def say(self, detail: Mapping[str, Json]) -> None:
        """Adds to what the decision says."""
        self.row["detail"] = {**self.row["detail"], **detail}

    def close(self) -> None:
        """Gives what can be given now, and records the decision where this was the last answer."""
        names = {asking.question_name(each["holder"], each["campaign"]) for each in self.row["questions"]}
        if self.row["candidates"] and not names.intersection(self.row["waiting"]):
            self._give()
        if not self.row["waiting"]:
            self.keep_awards((), done=True)
        finish(self.draft, self.member)
        if self.row["waiting"]:
            keep_waiting(self.draft, self.campaigns, self.row)
        else:
            self.draft.delete(asked_key(self.draft, self.event.id))
            settled_at_last(self.draft, self.event, self.campaigns, self.row)

    def keep_awards(self, awards: Sequence[AwardRow], *, done: bool = False) -> None:
        """Adds awards to the sale; `done` where nothing is asked any more: what came back meanwhile is decided next."""
        if self.row["sale"] is None:
            return
        key = f"{self.draft.subject}/{self.row['sale']}"
        sale: TransactionRow = self.draft.get(key)
        after = TransactionRow(**{**sale, "awards": [*sale["awards"], *awards], "proposed": self.campaigns.proposed})
        if done:
            after.pop("asked", None)
            release_returns(self.draft, self.member, key)
        self.draft.put(key, after, sale["time"] + KEEP_KEYS_MS)

    def decide(self) -> None:
        """Decides the campaigns of an event that waited with all of them."""
        before, self.row = self.row, AskedRow(**{**self.row, "undecided": False})
        self.campaigns, _ = decide_campaigns(self.draft, self.event, self.member, sale_key=None)
        if self.campaigns.asked is None:
            self.campaigns.asked = self.row
        else:
            asked = self.campaigns.asked
            asked["status"], asked["detail"] = before["status"], before["detail"]
            self.row = AskedRow(**{**asked, "waiting": [*before["waiting"], *asked["waiting"]]})
            self.campaigns.asked = self.row

    def _give(self) -> None:
        """Ids derive from the event, so that they are the same whichever answer is the last."""
        self.draft.record = ids.derive(self.event.id, "granted")
        awards = asking.settle(self.draft, self.event, self.member, self.row, self.campaigns)
        self.row["candidates"], self.row["reserved"] = [], []
        self.keep_awards(awards)
        progress(self.draft, self.event, self.member, awards)


def limit(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """A holder granted, or refused."""
    answer = message.data
    waiting = Waiting(draft, answer["asked_by"])
    waiting.row["questions"] = [
        _noted(each, answer) if (each["holder"], each["campaign"]) == (message.sender, answer["campaign"]) else each
        for each in waiting.row["questions"]
    ]
    waiting.answered(asking.question_name(message.sender, answer["campaign"]))
    waiting.close()


def external(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """A granted external id is the member's from here on, a refused one is said."""
    answer = message.data
    waiting = Waiting(draft, answer["asked_by"])
    if message.type == linking.GRANTED:
        linking.take_over(draft, waiting.member, answer)
    else:
        rejected = {"member_id": answer["member_id"], "reason": linking.REFUSED, "kind": answer["kind"]}
        draft.happened("member.rejected", rejected)
        if waiting.event.type == "member.linked":  # a link was all that was asked for; an enrolment stands
            waiting.row["status"] = f"refused: {linking.REFUSED}"
        else:
            waiting.say({f"{linking.REFUSED}.{answer['kind']}": True})
    waiting.answered(linking.claim_name(answer["hash"]))
    waiting.close()


def referrer(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Who referred the member is known now, and what waited for that is decided."""
    waiting = Waiting(draft, message.data["asked_by"])
    member = waiting.member
    member.pop("seeking", None)
    found = message.data.get("referrer")
    if found is None:
        waiting.say({referring.NOBODY: True})
    elif found == member["member_id"]:
        waiting.say(referring.refuse_himself(draft, member))
    else:
        member["referrer"] = found
    waiting.answered(referring.SEEKING)
    if waiting.row.get("undecided"):
        waiting.decide()
    release(draft, waiting.event.time_ms)
    waiting.close()


def awarded(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The referrer was given what their limits left: kept with the sale, so that it goes back with it."""
    answer = message.data
    name = answer["campaign"]
    waiting = Waiting(draft, answer["asked_by"])
    found: list[AwardRow] = answer["given"]
    given = {row["effect"]: row for row in found}
    rows: list[AwardRow] = []
    for asked in answer["awards"]:
        row = given.get(asked["effect"])
        uses = _uses_of_referral(waiting, name, asked["effect"], asked["points"], 0 if row is None else row["points"])
        if row is not None:
            rows.append(AwardRow(**{**row, "uses": [*row["uses"], *uses]}))
        if row is None or row["cut"]:
            cut = {"campaign": name, "asked": asked["points"], "given": 0 if row is None else row["points"]}
            waiting.campaigns.limited.append(cut)
    waiting.campaigns.proposed[name]["uses"] += answer["uses"]
    waiting.keep_awards(rows)
    member = waiting.member
    completed = {
        "referrer_member_id": member["referrer"],
        "member_id": member["member_id"],
        "cause": waiting.event.event_id,
        "campaign": name,
    }
    draft.happened("referral.completed", completed, name)
    waiting.answered(referring.award_name(name))
    waiting.close()


def _noted(question: QuestionRow, answer: Mapping[str, Json]) -> QuestionRow:
    if "reason" in answer:
        return QuestionRow(**{**question, "reason": answer["reason"]})
    return QuestionRow(**{**question, "points": answer["points"]})


def _uses_of_referral(waiting: Waiting, campaign: str, effect: int, asked: int, given: int) -> list[UseRow]:
    """What the award to the referrer took of shared limits; the rest of what was granted for it is given back."""
    draft, at_ms = waiting.draft, waiting.event.time_ms
    grants = [each for each in waiting.row["questions"] if each["campaign"] == campaign and "points" in each]
    account = getattr(draft.rules.campaigns[campaign].then[effect], "account", "")
    worth_micro = draft.rules.accounts[account].worth_micro or 0
    wanted = budget.uses_of_award(grants, at_ms, asked, worth_micro)
    taken = budget.uses_of_award(grants, at_ms, given, worth_micro)
    pairs = zip(wanted, taken, strict=True)
    budget.give_back(draft, [UseRow(**{**more, "amount": more["amount"] - less["amount"]}) for more, less in pairs])
    return taken
