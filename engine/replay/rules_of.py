"""The rules of a recorded deployment as its partitions ask for them: by digest and salt."""

from collections.abc import Mapping

from engine.errors import RulesetMissing
from engine.match.choice import Setting, matcher_for
from engine.ruleset.matching import Matcher, Rules
from engine.ruleset.model import Ruleset


class RulesOf:
    """Called as a partition calls it, with a digest and a salt. Raises RulesetMissing where the digest is not there."""

    def __init__(
        self, rulesets: Mapping[str, Ruleset], matcher: Setting = "auto", matchers: Mapping[str, Matcher] | None = None
    ) -> None:
        """`matchers`: those to take for a digest instead of what the setting says, such as one that watches."""
        self._rulesets = rulesets
        self._setting: Setting = matcher
        self._matchers: dict[str, Matcher] = dict(matchers or {})
        self._rules: dict[tuple[str, str], Rules] = {}

    def __call__(self, digest: str, salt: str) -> Rules:
        """The rules, made once for each digest and salt."""
        rules = self._rules.get((digest, salt))
        if rules is None:
            ruleset = self._rulesets.get(digest)
            if ruleset is None:
                raise RulesetMissing(digest)
            if digest not in self._matchers:
                self._matchers[digest] = matcher_for(ruleset, self._setting)
            rules = self._rules[digest, salt] = Rules(ruleset, self._matchers[digest], salt)
        return rules

    @property
    def used(self) -> list[str]:
        """The digests that were asked for, sorted."""
        return sorted({digest for digest, _ in self._rules})
