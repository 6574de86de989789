"""What the language says and the worker carries without deciding it yet. The only such list: building one removes its line here.

Keys: `<file>`, `<record>.<key>`, `<choice>=<word>`, `<either>={}` for a map where a word may stand, `effect:` and `field:`;
`*` stands for the rest of a name.
"""

from collections.abc import Mapping

from engine.rulebook.diagnostics import Place, Report

_EVENTS = {
    "member.linked": "linking as an event",
    "voucher.*": "vouchers",
    "promo_code.*": "promo codes",
    "feedback.*": "feedback",
    "reward.*": "the reward store",
}

LATER: Mapping[str, str] = {
    # files
    "vouchers/*.yaml": "vouchers",
    "pools/*.yaml": "pools of codes",
    "promo-codes/*.yaml": "promo code lists",
    "feedback.yaml": "feedback",
    "rates.csv": "sales in other currencies",
    # programme
    "programme.lockout": "lockout",
    "promo_codes=on": "promo codes",
    "reward_store=on": "the reward store",
    "feedback=on": "feedback",
    # campaigns
    "per=code": "limits of a code",
    **{f"on={event}": what for event, what in _EVENTS.items()},
    "effect:issue_voucher": "vouchers",
    "effect:issue_code": "promo codes",
    # conditions
    "field:redemption.*": "redemptions in conditions",
    "field:feedback.*": "feedback in conditions",
    "field:voucher.*": "vouchers",
    "field:code.*": "promo codes",
    # messages
    "messages_file.quiet": "quiet hours",
    **{f"trigger={event}": what for event, what in _EVENTS.items()},
}


def later(kind: str, name: str) -> str | None:
    """What is not decided yet under this name, None where it is decided."""
    whole = f"{kind}{name}"
    if whole in LATER:
        return LATER[whole]
    before, dot, _ = whole.partition(".")
    while dot:
        if f"{before}.*" in LATER:
            return LATER[f"{before}.*"]
        rest, dot, _ = whole[len(before) + 1 :].partition(".")
        before = f"{before}.{rest}"
    return None


def tell_later(kind: str, name: str, place: Place, report: Report) -> None:
    """Says so where this is carried and not decided yet; once a file for each such thing."""
    what = later(kind, name)
    if what is not None:
        report.once("decided-later", place, f"this is checked and carried; {what} will be decided later")
