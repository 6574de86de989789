"""Vouchers, pools of codes and promo code lists."""

from collections.abc import Mapping

from engine.core.instants import HOUR_MS, MINUTE_MS
from engine.rulebook.currencies import DIGITS
from engine.rulebook.emission.conditions import condition, entries, given, limits, line_set, values
from engine.rulebook.emission.context import Context
from engine.rulebook.emission.effects import Emitters, effects
from engine.rulebook.shapes import Part
from engine.ruleset.promo_codes import PromoCodes
from engine.ruleset.vouchers import (
    AmountOff,
    Benefit,
    Buy,
    ExternalValue,
    FreePieces,
    FromPattern,
    FromPool,
    Grant,
    Imported,
    OnDemand,
    PercentOff,
    Pool,
    Voucher,
    VoucherValidity,
)

_SECOND_MS = 1_000
_FOREIGN_DIGITS = 3  # that an amount of another currency is read with


def voucher(part: Part, context: Context) -> Voucher:
    """One kind of voucher."""
    name = part.read("voucher")
    return Voucher(
        name=name,
        titles=_titles(part.get("title"), name),
        benefit=_benefit(part, context),
        applies_to=line_set(part.get("applies_to"), context) if part.get("applies_to") else None,
        when=condition(part.read("when"), context),
        valid=_valid(part),
        uses=part.read("uses") or 1,
        limits=limits(part.get("limits")),
        bound=given(part.read("bound"), value=True),
        redeem_at=part.read("redeem_at") or "internal",
        issuer=part.read("issuer") or "",
        offer_codes=values(part, "offer_codes"),
        code=_code(part.get("code")),
        remind=values(part, "remind"),
        buy=_buy(part.get("buy"), context),
        description=part.read("description") or "",
    )


def _titles(part: Part | None, name: str) -> Mapping[str, str]:
    if part is None or isinstance(part.value, str):
        return {"": part.value if part else name}
    return {language: named.part.value for language, named in sorted(part.entries.items())}


def _benefit(voucher: Part, context: Context) -> Benefit:
    if voucher.get("benefit", "percent") is not None:
        return PercentOff(voucher.read("benefit", "percent"), voucher.read("benefit", "at_most"))
    if voucher.get("benefit", "amount") is not None:
        return AmountOff(voucher.read("benefit", "amount"))
    if voucher.get("benefit", "free") is not None:
        return FreePieces(line_set(voucher.get("benefit", "free"), context), voucher.read("benefit", "pieces") or 1)
    external = voucher.get("benefit", "external")
    if external is not None:
        currency = external.read("currency")
        return ExternalValue(external.read("amount") // 10 ** (_FOREIGN_DIGITS - DIGITS[currency]), currency)
    granted = entries(voucher.get("benefit"), "grant")
    return Grant({name: named.part.value for name, named in sorted(granted.items())})


def _valid(voucher: Part) -> VoucherValidity:
    begins = voucher.get("valid", "from")
    on_day = begins is not None and not isinstance(begins.value, dict)
    return VoucherValidity(
        period=voucher.read("valid", "for"),
        after=begins.read("after") if begins is not None and not on_day else None,
        from_ms=begins.value if begins is not None and on_day else None,
        until_ms=voucher.read("valid", "until"),
    )


def _code(part: Part | None) -> FromPool | FromPattern | None:
    if part is None or isinstance(part.value, str):
        return None
    return FromPool(part.read("pool")) if part.get("pool") else FromPattern(part.read("pattern"))


def _buy(part: Part | None, context: Context) -> Buy | None:
    if part is None:
        return None
    account = part.read("account") or context.default_account
    return Buy(part.read("price"), account, part.read("shelf") or "", values(part, "tiers"), part.read("stock"))


def pool(part: Part) -> Pool:
    """One pool of codes."""
    source, empty = part.get("source"), part.get("when_empty")
    fallback = empty.read("fallback") if empty is not None and not isinstance(empty.value, str) else ""
    return Pool(
        name=part.read("pool"),
        issuer=part.read("issuer") or "",
        source=Imported() if source is None or isinstance(source.value, str) else _on_demand(source),
        unit_cost_minor=part.read("unit_cost"),
        keep_code=given(part.read("keep_code"), value=True),
        low_at=part.read("low_at"),
        when_empty="fallback" if fallback else empty.value if empty else "queue",
        fallback=fallback,
    )


def _on_demand(part: Part) -> OnDemand:
    return OnDemand(
        part.read("on_demand"),
        given(part.read("timeout"), value=20 * _SECOND_MS),
        given(part.read("retry", "first"), value=5 * _SECOND_MS),
        given(part.read("retry", "up_to"), value=10 * MINUTE_MS),
        given(part.read("deadline"), value=24 * HOUR_MS),
    )


def promo_codes(part: Part, emitters: Emitters, context: Context) -> PromoCodes:
    """One list of promo codes."""
    name = part.read("promo_codes")
    return PromoCodes(
        name=name,
        title=part.read("title") or name,
        type=part.read("type"),
        from_ms=part.read("runs", "from"),
        until_ms=part.read("runs", "until"),
        generate=part.read("codes", "generate"),
        pattern=part.read("codes", "pattern") or "",
        code=part.read("codes", "code") or "",
        compare=part.read("compare") or "folded",
        then=effects(part.get("then"), emitters, context),
        limits=limits(part.get("limits")),
    )
