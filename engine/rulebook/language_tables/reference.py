"""The columns of reference data."""

from engine.rulebook.shapes import Key, Leaf, Table

LIST = Table((), others="column")
OUTLETS = Table(
    (
        Key("outlet_code", Leaf("text", declares="outlet"), "the shop, site or web shop", required=True),
        Key("zone", Leaf("zone"), "its time zone; `time.*` reads it"),
    ),
    others="outlet column",
)
RATES = Table(
    (
        Key("currency", Leaf("currency"), "a currency of sales", required=True),
        Key("from", Leaf("start"), "the first day that the rate holds (default: ever)"),
        Key("rate", Leaf("rate"), "what one of it is in the programme's currency", required=True),
    )
)
