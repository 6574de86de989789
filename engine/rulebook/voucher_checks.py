"""What vouchers, pools of codes and promo code lists say together."""

from engine.rulebook.book import Book
from engine.rulebook.currencies import DIGITS
from engine.rulebook.diagnostics import Report, shown
from engine.rulebook.shapes import Part

_READ_DIGITS = 3  # that amounts of other currencies are read with


def vouchers_of(book: Book, report: Report) -> None:
    """Looks at every voucher and every list of codes."""
    for _, voucher in book.of_kind("voucher"):
        begins, ends = voucher.get("valid", "from"), voucher.get("valid", "until")
        if begins is not None and ends is not None and isinstance(begins.value, int) and ends.value <= begins.value:
            report.add("never-runs", ends.node.place, "it ends before it begins")
        _external(voucher.get("benefit", "external"), report)
        _bought(voucher, report)
    for _, codes in book.of_kind("promo_codes"):
        _codes(codes, report)


def pools_of(book: Book, report: Report) -> None:
    """Looks at every pool."""
    for _, pool in book.of_kind("pool"):
        kept, source = pool.get("keep_code"), pool.get("source")
        on_demand = source is not None and not isinstance(source.value, str)
        if kept is not None and kept.value is False and not on_demand:
            message = "codes that came in batches are kept until they are handed out"
            report.add("keys-contradict", kept.node.place, message, "only codes on demand need not be kept")
        seen = {pool.read("pool")}
        following = pool.get("when_empty", "fallback") if _is_map(pool.get("when_empty")) else None
        while following is not None:
            if following.value in seen:
                message = f"the pool {shown(following.value)} falls back on itself in the end"
                report.add("definition-cycle", following.node.place, message)
                break
            seen.add(following.value)
            declared = next((each for _, each in book.of_kind("pool") if each.read("pool") == following.value), None)
            empty = declared.get("when_empty") if declared else None
            following = empty.get("fallback") if empty is not None and _is_map(empty) else None


def _is_map(part: Part | None) -> bool:
    return part is not None and isinstance(part.value, dict)


def _external(part: Part | None, report: Report) -> None:
    amount = part.get("amount") if part else None
    currency = str(part.read("currency")) if part else ""
    digits = DIGITS.get(currency, _READ_DIGITS)
    if amount is not None and amount.value % 10 ** (_READ_DIGITS - digits):
        report.add("field-type", amount.node.place, f"{currency} has {digits} decimals", "leave the others out")


def _bought(voucher: Part, report: Report) -> None:
    price = voucher.get("buy", "price")
    if price is not None and price.value == 0:
        report.add("not-positive", price.node.place, "nobody buys for 0 points", "write 1 or more")


def _codes(codes: Part, report: Report) -> None:
    kind, code, generated = codes.read("type"), codes.get("codes", "code"), codes.get("codes", "generate")
    if kind == "single_use" and code is not None:
        report.add("keys-contradict", code.node.place, "one code cannot be single_use", "generate them, or multi_use")
    if kind == "third_party" and (code or generated):
        found = code or generated
        if found is not None:
            report.add("keys-contradict", found.node.place, "codes of another company are imported", "imported: true")
    if codes.get("then") is None:
        report.add("no-effect", codes.node.place, "a code of this list gives nothing", "say what it gives under `then`")
