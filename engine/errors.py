"""Exceptions named for what the shell does with them. Refusals are outcomes, YAML mistakes are diagnostics, our bugs are assertions."""


class EngineError(Exception):
    """Anything that this program raises on purpose; `exit_code` is what the process ends with."""

    exit_code = 1


class UsageError(EngineError):
    """The caller asked for something that cannot be: bad settings, files or arguments."""

    exit_code = 2


class ExtraMissing(UsageError):
    """Something needs a package that an extra of this project brings."""

    def __init__(self, what: str, package: str | None, extra: str) -> None:
        """`what` needs the package; guerdon stands in no public registry, so it is installed from its folder."""
        super().__init__(f"{what} {package}: in guerdon's folder, pip install '.[{extra}]'")


class FileDamaged(EngineError):
    """A file of an archive cannot be read, or does not hold what was written to it."""


class BrokerUnavailable(EngineError):
    """The broker cannot be reached or does not answer in time; trying again later may help."""

    exit_code = 69


class BrokerRefused(EngineError):
    """The broker answered no: credentials, rights or a setting are wrong; trying again will not help."""

    exit_code = 77


class TopicsDiffer(EngineError):
    """Topics are missing or differ from what `topics.yaml` asks for."""

    exit_code = 78


class PartitionRefused(EngineError):
    """A partition cannot be opened because its state and its journal do not belong together; says both sides."""

    exit_code = 78


class RulesetMissing(EngineError):
    """The journal activates a ruleset that is not loaded yet; the shell loads it and folds again."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"ruleset {digest} is not loaded")
        self.digest = digest


class SemanticsUnknown(EngineError):
    """The journal asks for a version of the rules of deciding that this engine does not implement."""

    exit_code = 78


class RecordFailed(EngineError):
    """Deciding one journal record raised: nothing of that record may become visible."""

    exit_code = 70

    def __init__(self, offset: int, cause: BaseException) -> None:
        super().__init__(f"journal record at offset {offset}: {type(cause).__name__}: {cause}")
        self.offset = offset
        self.cause = cause


class WorkerStuck(EngineError):
    """The watchdog saw no progress; the process ends so that another may take over."""

    exit_code = 75
