"""What the worker counts and measures: one list of definitions, and their values in Prometheus' text format.

Counted a batch at a time, never a record at a time. Knows nothing of Kafka.
"""

from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class Metric(NamedTuple):
    """A definition; the unit stands last in its name."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()


LAG = Metric(
    "guerdon_lag_records", "gauge", "Offsets between what was applied and the end of the log.", ("topic", "partition")
)
LSO_LAG = Metric(
    "guerdon_lso_lag_seconds",
    "gauge",
    "For how long an open transaction has held back the readable end of a journal partition.",
    ("partition",),
)
BATCH_SECONDS = Metric("guerdon_batch_seconds", "histogram", "From taking a batch to its commit.", ("stage",))
BATCH_RECORDS = Metric("guerdon_batch_records_total", "counter", "Records taken in batches.", ("stage",))
TRANSACTIONS = Metric("guerdon_transactions_total", "counter", "Transactions committed by the deciding stage.")
DECIDED = Metric("guerdon_decided_total", "counter", "What was decided, by the pipeline's name for it.", ("what",))
OUTCOMES = Metric("guerdon_outcomes_total", "counter", "Outcomes published, by type.", ("type",))
DEAD_LETTERS = Metric("guerdon_dead_letters_total", "counter", "Inputs that could not be read, by code.", ("code",))
REPEATS = Metric("guerdon_repeats_dropped_total", "counter", "Journal records that intake had written before.")
GAPS = Metric(
    "guerdon_gaps_total", "counter", "Batches that began beyond the position; each was read again.", ("topic",)
)
RESTORE_SECONDS = Metric("guerdon_restore_seconds", "gauge", "How long the last restore took.", ("partition",))
RESTORE_ROWS = Metric(
    "guerdon_restore_records", "gauge", "Records of `state` read by the last restore.", ("partition",)
)
QUEUED = Metric("guerdon_queued_batches", "gauge", "Batches waiting for their partition's task.", ("stage",))
OPEN = Metric("guerdon_open_partitions", "gauge", "Journal partitions that are restored and decided here.")
ASSIGNED = Metric("guerdon_assigned_partitions", "gauge", "Journal partitions that the group gave to this worker.")
HALTED = Metric("guerdon_halted_partitions", "gauge", "Partitions that wait for an operator.")
STUCK = Metric("guerdon_stuck_records_total", "counter", "Records whose deciding failed.", ("partition",))
KEYS_DELETED = Metric("guerdon_keys_deleted_total", "counter", "Sealing keys of forgotten members that were deleted.")
TICKS = Metric("guerdon_ticks_total", "counter", "Clock ticks appended to the journal.")

METRICS: tuple[Metric, ...] = (
    LAG,
    LSO_LAG,
    BATCH_SECONDS,
    BATCH_RECORDS,
    TRANSACTIONS,
    DECIDED,
    OUTCOMES,
    DEAD_LETTERS,
    REPEATS,
    GAPS,
    RESTORE_SECONDS,
    RESTORE_ROWS,
    QUEUED,
    OPEN,
    ASSIGNED,
    HALTED,
    STUCK,
    TICKS,
    KEYS_DELETED,
)


class Metrics:
    """The values of one worker."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[Metric, Counter] = {}
        self._gauges: dict[Metric, Gauge] = {}
        self._histograms: dict[Metric, Histogram] = {}
        for metric in METRICS:
            match metric.kind:
                case "counter":
                    self._counters[metric] = Counter(metric.name, metric.about, metric.labels, registry=self._registry)
                case "gauge":
                    self._gauges[metric] = Gauge(metric.name, metric.about, metric.labels, registry=self._registry)
                case "histogram":
                    self._histograms[metric] = Histogram(
                        metric.name, metric.about, metric.labels, registry=self._registry, buckets=_SECONDS
                    )

    def add(self, metric: Metric, amount: float = 1, *labels: str | int) -> None:
        """Adds to a counter."""
        counter = self._counters[metric]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str | int) -> None:
        """Sets a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, value: float, *labels: str | int) -> None:
        """Takes one measurement of a histogram."""
        histogram = self._histograms[metric]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def forget(self, metric: Metric) -> None:
        """Drops the values of all labels of a gauge, before it is set anew for what is there now."""
        self._gauges[metric].clear()

    def render(self) -> bytes:
        """All values in Prometheus' text format."""
        return bytes(generate_latest(self._registry))
