"""Which candidate runs in shadow, by what was published."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.core.instants import render
from engine.errors import UsageError
from engine.ruleset.published import PROMOTED, STOPPED, Publication

PUBLISH = "guerdon rules publish --shadow"


class InShadow(NamedTuple):
    """A candidate in shadow: its publication, the digest of the candidate, and that of the rules in force beside it."""

    publication: Publication
    candidate: str
    in_force: str


def in_shadow(publications: Sequence[Publication]) -> InShadow:
    """The candidate that was put in shadow last, while nothing was published since. Raises UsageError where there is none."""
    last = publications[-1] if publications else None
    if last is None or not last.shadow:
        raise UsageError(_why_not(publications))
    live = next((each for each in reversed(publications) if not each.shadow), None)
    if live is None:
        raise UsageError(f"{last.digest[:12]} was put in shadow beside rules that are not in the history")
    return InShadow(last, last.shadow, live.digest)


def _why_not(publications: Sequence[Publication]) -> str:
    """What ended the candidate that was in shadow last; other rules since would be lost by promoting it."""
    places = [place for place, each in enumerate(publications) if each.shadow]
    if not places:
        return f"nothing is in shadow: {PUBLISH}"
    before = next((each.digest for each in reversed(publications[: places[-1]]) if not each.shadow), "")
    since = publications[places[-1] + 1 :]
    ended = since[0]
    when = f"{ended.by}, {render(ended.published_at_ms)}"
    match ended.how:
        case how if how == STOPPED and len(since) == 1:
            return f"nothing is in shadow: it was taken out ({when}); {PUBLISH} puts a candidate in again"
        case how if how == PROMOTED and len(since) == 1:
            return f"nothing is in shadow: the candidate was promoted ({when})"
        case _ if since[-1].digest == before:
            return f"nothing is in shadow: the rules in force were published again without it ({when}); {PUBLISH}"
        case _:
            latest = since[-1]
            return (
                "nothing is in shadow any more: the rules in force have changed since the candidate was put there"
                f" ({latest.digest[:12]} by {latest.by}, {render(latest.published_at_ms)}), and promoting it would lose that."
                f" Put the change into the candidate as well, then {PUBLISH}"
            )
