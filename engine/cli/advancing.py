"""The programme's clock where it follows events: whether it does, and asking it to go on."""

import orjson

from engine.broker.publishing import RulesetFollower
from engine.broker.settings import Settings
from engine.cli.screen import Shown
from engine.cli.sending import send
from engine.core.instants import render
from engine.errors import UsageError
from engine.replay.lines import Line
from engine.ruleset.model import Ruleset
from engine.ruleset.published import unpack

SOURCE = "guerdon/clock"


async def published(settings: Settings) -> Ruleset | None:
    """The ruleset published last, None where there is none."""
    async with RulesetFollower(settings) as rulesets:
        packed = rulesets.get(rulesets.latest) if rulesets.latest is not None else None
    return None if packed is None else unpack(packed)[0]


async def demand_events_clock(settings: Settings) -> None:
    """Raises UsageError where the published programme goes by the wall clock, which nobody may move."""
    ruleset = await published(settings)
    if ruleset is None:
        raise UsageError("no rules are published, so the programme has no clock yet: guerdon rules publish")
    if ruleset.programme.time.clock != "events":
        raise UsageError(
            f"the programme {ruleset.programme.name} goes by the wall clock, which nobody may move; "
            "--clock events is for a programme with `time: {clock: events}`"
        )


async def advance(settings: Settings, to_ms: int) -> None:
    """Asks the programme's clock to go to an instant; asking twice is one event."""
    await send(settings, [advance_line(to_ms)], _Quiet())


def advance_line(to_ms: int) -> Line:
    """The event that asks for it."""
    instant = render(to_ms)
    event = {
        "specversion": "1.0",
        "id": f"advance-{instant}",
        "source": SOURCE,
        "type": "clock.advance_requested",
        "time": instant,
        "datacontenttype": "application/json",
        "data": {"to": instant},
    }
    return Line("commands", b"clock", orjson.dumps(event))


class _Quiet(Shown):
    """Progress of what takes no time."""

    def reached(self, done: int, total: int | None = None) -> None:
        del done, total
