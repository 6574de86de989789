"""What has to be said beside an explanation: what is not decided, not kept, or was published otherwise."""

from engine.replay.explaining.gathered import Gathered


def notes_of(gathered: Gathered, ahead: int, most: int) -> list[str]:
    """The notes; `ahead` later records there were, of which `most` were decided again."""
    history, found, notes = gathered.history, gathered.found, []
    for place in gathered.places:
        span = history.spans.get(place.partition)
        if span is not None and place.offset >= span.decided:
            notes.append(f"the record at {place} is not decided yet in {history.name}")
        elif place not in gathered.watched:
            notes.append(f"the record at {place} is not in {history.name} any more")
        if place.offset in history.quarantined.get(place.partition, ()):
            notes.append(f"an operator took the record at {place} out of the way")
    if len(found.events) > 1:
        notes.append(
            f"the same input came {len(found.events) - 1} more times; what is told is what the first one caused"
        )
    if ahead > most:
        notes.append(f"of {ahead} later records the first {most} were decided again; the rest is told as published")
    partitions = {place.partition for place in gathered.places}
    late = [
        topic for topic in history.topics() if any(history.published_from(topic, number) > 0 for number in partitions)
    ]
    if late:
        notes.append(
            f"older outcomes are not kept any more in {', '.join(late)}: something earlier may be missing here"
        )
    notes += _others_here(gathered)
    notes += _differing(gathered)
    return notes


def _others_here(gathered: Gathered) -> list[str]:
    """Where other inputs of the subject were decided at the same record: those that waited for it, such as sales for an enrolment."""
    here = gathered.main()
    if here is None or here not in gathered.watched:
        return []
    decided = [told for told in gathered.watched[here].outcomes if told.type == "decision.recorded"]
    others = sum(told.cause != gathered.found.cause for told in decided if told.subject in gathered.family)
    if not others:
        return []
    inputs = "another input" if others == 1 else f"{others:,} other inputs"
    return [f"{inputs} of this subject waited and were decided at {here} too: how things stood is told of all together"]


def _differing(gathered: Gathered) -> list[str]:
    """Where what was published is not what is decided again: then this explains what should have been."""
    published = {told.id: told.event for told in (*gathered.member.told, *gathered.found.caused)}
    wrong = [told for told in gathered.own if told.id in published and published[told.id] != told.event]
    return [
        f"{told.type} {told.id} was published otherwise than it is decided again: see `guerdon verify`"
        for told in wrong
    ]
