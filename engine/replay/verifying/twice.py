"""Every outcome's id once: what stands twice among all that was published, in whatever topic and partition."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from engine.replay.verifying.divergence import MOST_KEPT, Divergence, Kind
from engine.replay.verifying.notes import BUCKETS, Noted, Seen, digest_of_id
from engine.replay.verifying.partition import IDS

Counts = Counter[tuple[Kind, str]]


def standing_twice(notes: Noted) -> tuple[int, list[list[Seen]]]:
    """How many ids were published, and the places of those that stand more than once."""
    count = 0
    several: list[list[Seen]] = []
    for bucket in range(BUCKETS):
        places: defaultdict[bytes, list[Seen]] = defaultdict(list)
        for seen in notes.seen(IDS, bucket):
            places[seen.digest].append(seen)
        count += len(places)
        several += [seen for seen in places.values() if len(seen) > 1]
        del several[MOST_KEPT:]
    return count, sorted(several, key=lambda seen: (seen[0].partition, seen[0].where, seen[0].offset))


def told_twice(
    divergences: list[Divergence], counts: Counts, several: Sequence[Sequence[Seen]], topics: Sequence[str]
) -> None:
    """Says of outcomes that nothing derives, but that were derived once, that they were published twice; in place."""
    extras: defaultdict[bytes, list[int]] = defaultdict(list)
    for number, each in enumerate(divergences):
        if each.kind == "extra":
            extras[digest_of_id(each.name)].append(number)
    for places in several:
        named = ", ".join(f"{topics[seen.where]} {seen.partition}:{seen.offset}" for seen in places)
        kept = extras.get(places[0].digest, [])[: len(places) - 1]
        for number in kept:
            extra = divergences[number]
            divergences[number] = Divergence(
                "twice", extra.topic, extra.partition, extra.offset, extra.name, f"it stands at {named}", extra.at,
                None, extra.published,
            )  # fmt: skip
            _move(counts, extra.topic)
        for seen in places[1 + len(kept) :]:
            topic = topics[seen.where]
            if counts["extra", topic]:
                _move(counts, topic)
            else:
                name, what = seen.digest.hex(), f"it stands at {named}"
                divergences.append(Divergence("twice", topic, seen.partition, None, name, what, seen.offset))
                counts["twice", topic] += 1


def _move(counts: Counts, topic: str) -> None:
    counts["extra", topic] -= 1
    counts["twice", topic] += 1
    counts += Counter[tuple[Kind, str]]()  # drops what is none
