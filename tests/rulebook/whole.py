"""A folder of rules that says something with every key of the language, to compile, to change and to complete."""

WHOLE: dict[str, str] = {
    "programme.yaml": """programme: whole
zone: America/New_York
currency: USD
modules: {promo_codes: on, reward_store: on, feedback: on}
accounts:
  points: {worth: 0.01, expires: {after: 12 months, round: end_of_month}, warn: [30 days], negative: never, hold_for: 10 minutes}
  miles: {expires: {after: 18 months, without: [transaction.completed]}, negative: allowed, limits: [{points: 9000, each: month}]}
  tier_points: {spendable: false}
attributes:
  city: {type: text}
  birthday: {type: month_day}
  favourite: {type: text}
  email: {type: text, personal: true}
transaction_attributes: {table: {type: int}}
line_attributes: {free: {type: bool}}
activity_attributes: {rating: {type: int}}
earning: {on: amount, except: {any: [{category: [alcohol, tobacco]}, {attributes.no_points: true}]}}
counters:
  visits: {on: transaction.completed, add: 1, keep: 24 months}
  coffees: {on: transaction.completed, lines: {category: coffee, except: {attributes.free: true}}, add: pieces, keep: 12 months}
  spend: {on: transaction.completed, add: amount, when: {transaction.channel: {not: app}}}
  outlets: {on: transaction.completed, distinct: transaction.outlet_code, keep: 10 years}
  topups: {on: activity.recorded, when: {activity.name: topup}}
  lifetime_miles: {on: points.awarded, when: {points.account: miles}, add: points, keep: 50 years}
groups:
  multipliers: {keep: highest, scope: line}
  offers: {keep: first, limits: [{times: 3, each: week}]}
define:
  weekday-morning: {time.weekday: [monday, tuesday, wednesday, thursday, friday], time.clock: {before: 11:00}}
time: {clock: wall, late: 30 days, then: refuse, ahead: 15 minutes, week_starts: sunday}
returns: {accept_for: 400 days, spent_points_grace: 7 days, find_by: member}
lockout: {in_a_row: 5, in_total: 20, for: 24 hours}
transaction_key: [outlet_code, transaction_id]
""",
    "campaigns/base-earn.yaml": """campaign: base-earn
on: transaction.completed
base: true
then: [award_points: {points: 1, per: 1.00}]
""",
    "campaigns/double-coffee.yaml": """campaign: double-coffee
title: Double points on coffee for silver and gold in the app
runs: {from: 2026-11-01, until: 2026-12-31}
on: transaction.completed
audience:
  member.tier: [silver, gold]
  member.profile.city: New York
  member.opted_in: true
  member.birthday_in_days: {at_most: 7}
  member.referred: true
  counter.visits: {at_least: 3, last: 30 days}
lines:
  coffee: {category: coffee, except: {attributes.free: true}}
when:
  transaction.channel: app
  transaction.outlet_code: {in: airports}
  outlet.region: east
  payments: {method: [store_card, gift_card], amount: {at_least: 5.00}}
  transaction.amount: {at_least: 20.00}
  coffee.pieces: {at_least: 2}
  is: weekday-morning
then:
  - award_points: {times_base: 2, of: coffee}
otherwise:
  - notify: two-coffees-needed
limits:
  - {times: 1, each: day}
  - {points: 500, per: member, each: month, over: clamp}
  - {times: 10000, per: campaign}
  - {not_within: 14 hours}
  - {budget: 20000.00, per: campaign, paid_by: dairy}
group: multipliers
priority: 10
on_return: keep
state: shadow
""",
    "campaigns/stamp-card.yaml": """campaign: stamp-card
runs: {until: 2026-12-31}
on: transaction.completed
when: {counter.coffees: {every: 10, ever: true}}
then:
  - issue_voucher: {voucher: free-refill, after: 1 day, chance: 1 of 500}
  - add_tag: stamped
  - remove_tag: {tag: new}
  - set_attribute: {attribute: favourite, value: coffee}
  - emit: {event: stamped, data: {card: 1, full: true, kind: coffee}}
  - issue_code: thanks-2026
  - set_tier: {ladder: status, tier: silver, until: 3 months}
group: offers
""",
    "campaigns/bundles.yaml": """campaign: bundles
runs: {from: 2026-11-01, until: 2026-12-31T18:00}
on: transaction.completed
lines: {burgers: {category: burger}, fries: {category: fries}}
when:
  any:
    - counter.spend: {reaches: 200.00, during: campaign}
    - counter.topups: {at_least: 1, each: month, in_a_row: 3}
    - counter.outlets: {at_least: 3, this: quarter}
    - counter.visits: {at_most: 5, since: opt_in}
    - achievement.explorer: {at_least: 1}
then:
  - award_points: {points: 50, for_each: {burgers: 1, fries: 2}, at_most: 4, pending_for: 30 days}
  - award_points: {points: 5, every: 2.00, of: fries, pending_until: {activity: stay_completed}, or_lapse: 90 days}
  - award_points: {points: 5, per: 1.00, each_line: true, account: miles, expires: {after: 1 year}, to: referrer}
""",
    "campaigns/birthday.yaml": """campaign: birthday
on: {yearly: member.profile.birthday, before: 7 days, at: 08:30}
then: [{issue_voucher: free-refill}]
""",
    "campaigns/monthly.yaml": """campaign: monthly
on: {every: month, day: 1, at: 09:00}
audience: {balance.points: {at_least: 500}}
then: [{award_points: {points: 5}}]
limits: [{times: 12}]
""",
    "campaigns/yearly.yaml": "campaign: yearly\non: {every: year, month: 3, day: 1}\nthen: [{add_tag: spring}]\n",
    "campaigns/weekly.yaml": "campaign: weekly\non: {every: week, weekday: friday}\nthen: [{remove_tag: spring}]\n",
    "campaigns/win-back.yaml": """campaign: win-back
on: {silent: 90 days, since: transaction.completed}
then: [{notify: two-coffees-needed}]
""",
    "campaigns/first-days.yaml": """campaign: first-days
on: {after: 14 days, of: member.enrolled}
then: [{add_tag: settled}]
""",
    "campaigns/goodwill.yaml": """campaign: goodwill
on: feedback.accepted
when: {feedback.type: merchant_declined, feedback.claim: confirmed, feedback.location_verified: true}
then: [{issue_code: thanks-2026}]
limits: [{times: 1, each: month}]
""",
    "campaigns/echo.yaml": """campaign: echo
on: custom.stamped
when: {custom.kind: coffee}
then: [{notify: {message: two-coffees-needed}}]
""",
    "tiers/status.yaml": """tiers: status
qualify: {within: calendar_year}
levels:
  - {tier: blue}
  - {tier: silver, from: {any: [{tier_points: 25000}, {counter.outlets: 30}]}}
  - {tier: gold, from: {tier_points: 50000}, stay: {tier_points: 40000}, for_life: {counter.lifetime_miles: 1000000}}
valid: {until: end_of_next_year, plus: 1 month}
on_reaching: {progress: keep}
at_end: {move: one_down, grace: 30 days, warn: 30 days}
on_return: reverse_upgrade
on_entering:
  silver: [{issue_voucher: free-refill}]
  gold: {then: [{notify: gold}], again: true}
""",
    "tiers/wine.yaml": """tiers: wine
qualify: {within: {last: 12 months}}
levels:
  - {tier: guest}
  - {tier: friend, from: {all: [{points: 10}, {counter.visits: 5}]}}
valid: {for: 12 months, round: end_of_month}
""",
    "achievements/explorer.yaml": """achievement: explorer
title: Three of our outlets
counts: counter.outlets
within: {this: year}
target: 3
repeats: 3
""",
    "achievements/spender.yaml": "achievement: spender\ncounts: counter.spend\ntarget: 1000.00\n",
    "vouchers/free-refill.yaml": """voucher: free-refill
title: {en: A free refill, es: Un relleno gratis}
description: For any coffee
benefit: {free: {category: coffee}, pieces: 1}
applies_to: {except: {category: alcohol}}
when: {time.weekday: tuesday, redemption.channel: app, redemption.amount: {at_least: 5.00}}
valid: {for: 30 days, from: {after: 1 day}}
uses: 4
limits: [{times: 1, per: member, each: day}]
bound: true
redeem_at: internal
issuer: first-bank
offer_codes: [FRY20]
code: {pattern: FRY-############}
remind: [10 days]
buy: {price: 5000, account: points, shelf: perks, tiers: [gold], stock: 300}
""",
    "vouchers/gift-card.yaml": """voucher: gift-card
benefit: {external: {amount: 200.00, currency: INR}}
valid: {from: 2026-11-01, until: 2026-12-31}
code: {pool: amazon}
""",
    "vouchers/data.yaml": "voucher: data\nbenefit: {grant: {data_mb: 5120}}\nvalid: {for: 1 month}\ncode: none\n",
    "vouchers/percent.yaml": "voucher: percent\nbenefit: {percent: 12.5, at_most: 5.00}\nvalid: {for: 1 month}\n",
    "vouchers/off.yaml": "voucher: off\ntitle: Five off\nbenefit: {amount: 5.00}\nvalid: {for: 1 month}\n",
    "pools/amazon.yaml": """pool: amazon
issuer: amazon
source: imported
unit_cost: 195.00
low_at: 500
when_empty: {fallback: acme}
""",
    "pools/acme.yaml": """pool: acme
source: {on_demand: acme, timeout: 20 seconds, retry: {first: 5 seconds, up_to: 10 minutes}, deadline: 24 hours}
keep_code: false
when_empty: queue
""",
    "promo-codes/thanks-2026.yaml": """promo_codes: thanks-2026
title: Thanks
type: single_use
runs: {from: 2026-11-01, until: 2026-12-31}
codes: {generate: 10000, pattern: THX-############}
compare: folded
then: [{award_points: {points: 250}}]
limits: [{times: 10000, per: list}, {times: 3, per: member, each: month}]
""",
    "promo-codes/partner.yaml": """promo_codes: partner
type: third_party
codes: {imported: true}
compare: exact
then: [{award_points: {points: 5}}]
""",
    "promo-codes/word.yaml": "promo_codes: word\ntype: multi_use\ncodes: {code: SPRING}\nthen: [{add_tag: spring}]\n",
    "messages.yaml": """messages:
  offer-issued: {on: voucher.issued, when: {voucher.voucher: free-refill}}
  welcome: {on: member.enrolled}
  gold: {on: tier.upgraded, when: {tier.after: gold, tier.ladder: status}}
  two-coffees-needed: {}
quiet: {from: 21:00, before: 08:00, zone: Europe/London}
""",
    "feedback.yaml": """feedback:
  types: {merchant_declined: {check: attempts, within: 2 hours}, offer_expired: {check: validity}}
  radius: 300 m
  once: {per: [person, offer, outlet], each: day}
alerts:
  - {of: outlet, types: merchant_declined, people: 5, last: 7 days, clear_below: 2, class: training}
  - {of: merchant, people: 20, confirmed_percent: 60, last: 30 days, clear_below: 8, class: possible_fraud}
""",
    "lists/airports.csv": "code,city\nJFK,New York\nLGA,New York\nEWR,Newark\n",
    "outlets.csv": "outlet_code,zone,region,manager\nJFK,America/New_York,east,\nSFO,America/Los_Angeles,west,Ann\n",
    "rates.csv": "currency,from,rate\nEUR,2026-01-01,1.17\nEUR,,1.1\n",
}
