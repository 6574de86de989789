"""What a counter was defined as."""

from typing import TypedDict


class CounterMetaRow(TypedDict):
    """`counter/<name>/meta`: what the counter was defined as; its counts are dated series beside it (`engine.decide.counters.series`).

    `peaks`: what a field's count was before a return, as [when that was bought, count]. `values`: of a counter of different
    values, when each was counted first and last.
    """

    v: int
    definition: str
    peaks: dict[str, list[list[int]]]
    values: dict[str, list[int]]
