"""Lists of promo codes."""

from dataclasses import dataclass
from typing import Literal

from engine.ruleset.effects import Effect
from engine.ruleset.limits import Limit


@dataclass(frozen=True, slots=True)
class PromoCodes:
    """A list (B-40): `generate` codes of a pattern, or a `code` of its own, or none, which are imported."""

    name: str
    title: str
    type: Literal["single_use", "multi_use", "third_party"]
    from_ms: int | None
    until_ms: int | None
    generate: int | None
    pattern: str
    code: str
    compare: Literal["folded", "exact"]
    then: tuple[Effect, ...]
    limits: tuple[Limit, ...]
