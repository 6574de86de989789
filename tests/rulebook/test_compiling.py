"""What a folder of rules becomes."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.calendar import Expiry, Period
from engine.errors import UsageError
from engine.rulebook.compiler import compile_folder, compile_sources
from engine.ruleset import conditions, model
from engine.ruleset.codec import digest_of
from engine.ruleset.conditions import AllOf, AnyOf, Condition, LineSet, NoneOf
from engine.ruleset.effects import AwardPoints, Fixed, Notify, Rate
from engine.ruleset.model import Campaign, Ruleset
from tests.rulebook.samples import BASE, PROGRAMME, compiled, said, sources


def ruleset(campaigns: dict[str, str] | None = None, **files: str) -> Ruleset:
    found = compiled(campaigns, **files)
    assert found.ruleset is not None, found.diagnostics
    return found.ruleset


def one(body: str, **files: str) -> Campaign:
    return next(each for each in ruleset({"c": body}, **files).campaigns if each.name == "c")


def when(condition: str) -> Condition | None:
    return one(f"when: {condition}").when


def test_a_rate_counts_points_per_minor_units() -> None:
    body = "then: [award_points: {points: 5, per: 1.00, of: coffee}]\nlines: {coffee: {category: coffee}}"
    campaign = one(body)
    assert campaign.then == (AwardPoints(Rate(5, 100, "coffee"), "points"),)
    including = conditions.Test("category", "text", "one_of", ("coffee",))
    assert campaign.line_sets == {"coffee": LineSet(including, None)}


def test_an_award_goes_to_the_first_account_declared_unless_it_names_one() -> None:
    programme = PROGRAMME.replace("attributes:", "  aaa: {spendable: false}\nattributes:")
    body = "then: [{award_points: {points: 5}}, {award_points: {points: 5, account: aaa, expires: {after: 1 week}}}]"
    assert one(body, programme=programme).then == (
        AwardPoints(Fixed(5), "points"),
        AwardPoints(Fixed(5), "aaa", expires=Expiry(Period(1, "weeks"), "none")),
    )


def test_a_programme_says_its_defaults() -> None:
    programme = ruleset().programme
    assert (programme.name, programme.zone.name, programme.currency, programme.minor_digits) == (
        "sample",
        "America/New_York",
        "USD",
        2,
    )
    (account,) = programme.accounts
    assert account == model.Account("points", True, Expiry(Period(12, "months"), "end_of_month"), 1_000_000)
    assert programme.time == model.TimeRules("wall", 30 * 86_400_000, "refuse", 15 * 60_000)
    assert programme.transaction_key == ("transaction_id",)
    assert programme.earning == model.Earning("amount", None)
    assert [(each.name, each.type, each.personal) for each in programme.attributes] == [
        ("city", "text", False),
        ("email", "text", True),
    ]


def test_a_currency_without_minor_units_is_counted_in_whole_ones() -> None:
    programme = PROGRAMME.replace("USD", "JPY").replace("worth: 0.01", "worth: 1")
    base = BASE["campaigns/base-earn.yaml"].replace("1.00", "100")
    found = compile_sources({**BASE, "programme.yaml": programme, "campaigns/base-earn.yaml": base}).ruleset
    assert found is not None
    assert found.campaigns[0].then == (AwardPoints(Rate(1, 100), "points"),)
    assert found.programme.accounts[0].worth_micro == 1_000_000


def test_runs_are_half_open_instants_of_local_days() -> None:
    campaign = one("runs: {from: 2026-11-01, until: 2026-12-31}")
    assert (campaign.from_ms, campaign.until_ms) == (1793505600000, 1798779600000)
    open_ended = one("base: true\nruns: {from: 2026-11-01T18:00}")
    assert (open_ended.from_ms, open_ended.until_ms) == (1793574000000, None)


CHANNEL = conditions.Test("transaction.channel", "text", "one_of", ("app",))
MAY = conditions.Test("time.month", "int", "one_of", (5,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{transaction.channel: app}", CHANNEL),
        ("{transaction.channel: app, time.month: 5}", AllOf((CHANNEL, MAY))),
        ("{all: [{transaction.channel: app}, {time.month: 5}]}", AllOf((CHANNEL, MAY))),
        ("{any: [{transaction.channel: app}, {time.month: 5}]}", AnyOf((CHANNEL, MAY))),
        ("{none: [{transaction.channel: app, time.month: 5}]}", NoneOf((AllOf((CHANNEL, MAY)),))),
        ("{at_least: 2, of: [{transaction.channel: app}, {time.month: 5}]}", AnyOf((CHANNEL, MAY), 2)),
        (
            "{transaction.channel: app, any: [{time.month: 5}, {time.month: 6}]}",
            AllOf((CHANNEL, AnyOf((MAY, conditions.Test("time.month", "int", "one_of", (6,)))))),
        ),
        (
            "{transaction.amount: {at_least: 20.00, less_than: 50}}",
            AllOf(
                (
                    conditions.Test("transaction.amount", "money", "at_least", (2000,)),
                    conditions.Test("transaction.amount", "money", "less_than", (5000,)),
                )
            ),
        ),
        (
            "{time.clock: {from: 22:00, before: 06:00}}",
            AnyOf(
                (
                    conditions.Test("time.clock", "int", "from", (1320,)),
                    conditions.Test("time.clock", "int", "before", (360,)),
                )
            ),
        ),
        (
            "{transaction.attributes.free: true}",
            conditions.Test("transaction.attributes.free", "text", "one_of", ("true", True)),
        ),
        (
            "{transaction.attributes.free: 'true'}",
            conditions.Test("transaction.attributes.free", "text", "one_of", ("true",)),
        ),
        (
            "{transaction.attributes.code: 0123}",
            conditions.Test("transaction.attributes.code", "text", "one_of", ("0123",)),
        ),
        ("{transaction.channel: no}", conditions.Test("transaction.channel", "text", "one_of", ("no",))),
        ("{transaction.channel: {exists: false}}", conditions.Test("transaction.channel", "bool", "exists", (False,))),
        ("{member.tags: {has_all: [a, b]}}", conditions.Test("member.tags", "set", "has_all", ("a", "b"))),
        ("{balance.points: {at_least: 500}}", conditions.Test("balance.points", "points", "at_least", (500,))),
    ],
)
def test_a_condition_becomes_what_it_says(text: str, expected: Condition) -> None:
    assert when(text) == expected


@pytest.mark.parametrize("name", ["pieces", "count", "amount", "distinct_skus"])
def test_a_counter_or_an_account_may_be_called_like_a_measure_of_lines(name: str) -> None:
    counters = f"counters: {{{name}: {{on: transaction.completed, lines: {{category: coffee}}, add: pieces}}}}\n"
    programme = PROGRAMME.replace("attributes:", f"  {name}: {{}}\nattributes:") + counters
    counted = one(f"when: {{counter.{name}: {{at_least: 3, this: month}}}}", programme=programme).when
    assert counted == conditions.Test(f"counter.{name}[this month]", "int", "at_least", (3,))
    held = one(f"when: {{balance.{name}: {{at_least: 3}}}}", programme=programme).when
    assert held == conditions.Test(f"balance.{name}", "points", "at_least", (3,))


def test_definitions_are_written_out_where_they_are_used() -> None:
    programme = PROGRAMME + "define: {app: {transaction.channel: app}, app-in-may: {is: app, time.month: 5}}\n"
    assert one("when: {is: app-in-may}", programme=programme).when == AllOf((CHANNEL, MAY))


def test_a_declared_attribute_of_a_sale_or_a_line_has_its_type() -> None:
    programme = PROGRAMME + "transaction_attributes: {table: {type: int}}\nline_attributes: {free: {type: bool}}\n"
    body = "when: {transaction.attributes.table: {at_least: 4}, paid.count: 1}\nlines: {paid: {attributes.free: false}}"
    campaign = one(body, programme=programme)
    assert campaign.when == AllOf(
        (
            conditions.Test("transaction.attributes.table", "int", "at_least", (4,)),
            conditions.Test("paid.count", "int", "one_of", (1,)),
        )
    )
    assert campaign.line_sets["paid"].including == conditions.Test("attributes.free", "bool", "one_of", (False,))


def test_campaigns_stand_by_priority_and_name_and_ladders_by_name() -> None:
    found = ruleset({"b": "priority: 5", "a": "priority: 5", "z": "priority: 10", "y": "priority: -1"})
    assert [each.name for each in found.campaigns] == ["z", "a", "b", "base-earn", "y"]


def test_a_ladder_counts_the_account_of_its_levels() -> None:
    assert ruleset().ladders == (
        model.Ladder(
            "status",
            "points",
            "calendar_year",
            (model.Level("blue", 0), model.Level("silver", 500), model.Level("gold", 2000)),
        ),
    )


def test_messages_speak_of_events_or_wait_for_notify() -> None:
    messages = "messages:\n  gold: {on: tier.upgraded, when: {tier.after: gold}}\n  near-miss: {}\n"
    assert ruleset({"c": "otherwise: [notify: {message: near-miss}]"}, messages=messages).messages == (
        model.MessageRule("gold", "tier.upgraded", conditions.Test("tier.after", "text", "one_of", ("gold",))),
        model.MessageRule("near-miss", "", None),
    )
    assert one("otherwise: [notify: {message: near-miss}]").otherwise == (Notify("near-miss"),)


def test_the_same_rules_have_the_same_digest_whatever_their_order_and_remarks() -> None:
    campaigns = {"a": "priority: 1", "b": "priority: 2"}
    first = compile_sources(sources(campaigns)).ruleset
    turned = {path: f"# seen\n{text}" for path, text in reversed(sources(campaigns).items())}
    second = compile_sources(turned).ruleset
    assert first == second
    assert first is not None
    assert first.digest == digest_of(replace(first, digest="")) != ruleset({"a": "priority: 1"}).digest


def test_a_folder_is_compiled_with_its_sources(tmp_path: Path) -> None:
    files = sources()
    for path, text in {**files, "README.md": "no rules", ".hidden/x.yaml": "no rules"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = compile_folder(tmp_path)
    assert found.diagnostics == ()
    assert found.sources == files
    assert found.ruleset == compile_sources(files).ruleset


def test_a_folder_that_is_not_there_is_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        compile_folder(tmp_path / "nowhere")


def test_a_warning_does_not_keep_the_ruleset_back() -> None:
    found = compiled({"c": "runs: {from: 2026-01-01}"})
    assert [each.code for each in found.diagnostics] == ["no-end"]
    assert found.ruleset is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("when: {transaction.channel: []}", "never-holds"),
        ("when: {any: []}", "never-holds"),
        ("when: {at_least: 3, of: [{time.month: 1}, {time.month: 2}]}", "never-holds"),
        ("when: {all: [{transaction.channel: app}, {transaction.channel: web}]}", "never-holds"),
        (
            "when: {transaction.channel: app, none: [{time.month: 5}], all: [{transaction.channel: {not: app}}]}",
            "never-holds",
        ),
        ("when: {time.month: 13}", "never-holds"),
        ("when: {time.day_of_month: {more_than: 31}}", "never-holds"),
        ("when: {transaction.amount: {more_than: 5.00, less_than: 5.01}}", "never-holds"),
        ("lines: {s: {pieces: {less_than: 0}}}\nwhen: {s.count: 1}", "never-holds"),
        ("audience: {member.tags: {has: a, has_none: [a, b]}}", "never-holds"),
        ("when: {transaction.channel: {not: []}}", "wrong-shape"),
        ("when: {transaction.amount: {at_least: [1, 2]}}", "wrong-shape"),
        ("when: {of: [{time.month: 1}]}", "missing-key"),
        ("when: {at_least: 0, of: [{time.month: 1}]}", "wrong-shape"),
        ("when: {is: nothing}", "unknown-name"),
        ("when: {activity.name: x}", "field-not-here"),
        ("when: {sku: x}", "field-not-here"),
        ("when: {transaction.amount: {in: list}}", "test-type"),
        ("when: {transaction.attributes.rating: {at_least: 4}}", "test-type"),
        ("when: {transaction.channel: {at_least: a}}", "test-type"),
        ("when: {cofee.pieces: 2}\nlines: {coffee: {category: x}}", "unknown-name"),
        ("audience: {balance.miles: 2}", "unknown-name"),
        ("audience: {member.profile.town: x}", "unknown-name"),
        ("audience: {member.tier.stars: x}", "unknown-name"),
        ("audience: {counter.visits: {at_least: 2}}", "unknown-name"),
        ("on: {every: month, day: 32}", "impossible-day"),
        ("on: voucher.redeemd", "unknown-choice"),
        ("on: transaction.complete", "unknown-choice"),
        ("on: custom.", "unknown-choice"),
        ("on: nothing", "unknown-choice"),
        ("then: [{award_points: {points: 5, every: 2.00, per: 1.00}}]", "keys-contradict"),
        ("then: [{award_points: {points: 5}, notify: {message: near-miss}}]", "wrong-shape"),
        ("then: []", "wrong-shape"),
        ("lines: {tea: tea}", "wrong-shape"),
        ("group: multipliers", "unknown-name"),
        ("then:", "wrong-shape"),
        ("then: [{award_points: {points: 5, of: tea}}]\nlines: {tea: {category: tea}}", "missing-key"),
        ("on: member.enrolled\nthen: [{award_points: {points: 5, per: 1.00}}]", "field-not-here"),
        ("on: activity.recorded\nlines: {tea: {category: tea}}", "field-not-here"),
    ],
)
def test_a_mistake_in_a_campaign_has_its_code(body: str, code: str) -> None:
    assert code in {each.code for each in said({"c": body})}
    assert compiled({"c": body}).ruleset is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("modules: {feedback: maybe}", "unknown-choice"),
        ("counters: {visits: {on: transaction.completed, add: 1, distinct: transaction.channel}}", "keys-contradict"),
        ("counters: {visits: {on: member.enrolled, add: pieces}}", "field-not-here"),
        ("counters: {visits: {on: member.enrolled, distinct: transaction.channel}}", "field-not-here"),
        ("counters: {visits: {on: member.enrolled, when: {counter.visits: 2}}}", "field-not-here"),
        ("counters: {visits: {on: transaction.completed, add: points}}", "field-not-here"),
        ("groups: {g: {keep: first}}", "unused-definition"),
        ("returns: {accept_for: 4 years}", "field-type"),
        ("time: {late: 1 month}", "field-type"),
        ("transaction_key: [outlet_code]", "missing-key"),
        ("define: {a: {is: b}, b: {is: a}}", "definition-cycle"),
        ("earning: {except: {transaction.channel: app}}", "field-not-here"),
        ("define: {a: {member.profile.email: x}}", "personal-attribute"),
    ],
)
def test_a_mistake_in_the_programme_has_its_code(text: str, code: str) -> None:
    assert code in {each.code for each in said(programme=f"{PROGRAMME}{text}\n")}


def test_a_definition_may_be_used_only_where_all_that_it_asks_may_stand() -> None:
    programme = PROGRAMME + "define: {inner: {transaction.channel: app}, outer: {is: inner}}\n"
    codes = {each.code for each in said({"c": "audience: {is: outer}"}, programme=programme)}
    assert codes == {"field-not-here"}
    assert said({"c": "when: {is: outer}"}, programme=programme) == []


def test_a_personal_attribute_hides_behind_no_definition() -> None:
    programme = PROGRAMME + "define: {known: {member.profile.email: {exists: true}}}\n"
    assert "personal-attribute" in {each.code for each in said({"c": "audience: {is: known}"}, programme=programme)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("vouchers/a.yaml", "voucher: a\nbenefit: {percent: 5}\nvalid: {for: 1 month}\n"),
        ("pools/a.yaml", "pool: a\n"),
        ("promo-codes/a.yaml", "promo_codes: a\ntype: third_party\nthen: [award_points: {points: 5}]\n"),
        ("feedback.yaml", "feedback: {types: {wrong: {check: none}}}\n"),
        ("rates.csv", "currency,rate\nEUR,1.1\n"),
    ],
)
def test_what_is_carried_and_decided_later_is_said_to_be_so(path: str, text: str) -> None:
    found = compile_sources({**sources(), path: text})
    assert [(each.path, each.code) for each in found.diagnostics] == [(path, "decided-later")]
    assert found.ruleset is not None
