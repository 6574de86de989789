"""Published rulesets made ready to decide by: loaded when first asked for, kept for the worker's life."""

import asyncio
from collections.abc import Callable

from engine.broker.publishing import RulesetFollower
from engine.errors import RulesetMissing
from engine.ruleset.matching import Matcher, Rules
from engine.ruleset.model import Ruleset
from engine.ruleset.published import unpack

WAIT_S = 30.0


class Rulesets:
    """Rulesets by digest. `make_matcher` chooses the matcher of a ruleset."""

    def __init__(self, follower: RulesetFollower, make_matcher: Callable[[Ruleset], Matcher]) -> None:
        self._follower = follower
        self._make_matcher = make_matcher
        self._loaded: dict[str, tuple[Ruleset, Matcher]] = {}
        self._rules: dict[tuple[str, str], Rules] = {}

    def rules_of(self, digest: str, salt: str) -> Rules:
        """The rules in force under an activation; raises RulesetMissing where they are not loaded yet."""
        rules = self._rules.get((digest, salt))
        if rules is None:
            if digest not in self._loaded:
                raise RulesetMissing(digest)
            rules = self._rules[(digest, salt)] = Rules(*self._loaded[digest], salt)
        return rules

    async def load(self, digest: str) -> Ruleset:
        """Waits for a ruleset to be published and loads it; raises RulesetMissing where it does not come."""
        if digest not in self._loaded:
            packed = await self._follower.wait_for(digest, WAIT_S)
            ruleset, _ = unpack(packed)
            # in a thread: ten thousand campaigns take seconds, and the member must not leave its group meanwhile
            self._loaded[digest] = (ruleset, await asyncio.to_thread(self._make_matcher, ruleset))
        return self._loaded[digest][0]

    def newest_digest(self) -> str | None:
        """The digest published last, None where nothing is published; raises what ended the following."""
        self._follower.raise_failure()
        return self._follower.latest

    def loaded(self, digest: str) -> Ruleset | None:
        """A ruleset, if it is loaded."""
        return self._loaded[digest][0] if digest in self._loaded else None
