"""Who gets which partition: of every topic as many to each worker as to the others, and of those as many as it had before.

Even for each topic by itself, since one worker with all the journal and another with all the inputs would be no help; sticky,
because a journal partition that moves must be restored.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import orjson
from faust.assignor.partition_assignor import (
    AbstractPartitionAssignor,
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

Owned = Mapping[str, Iterable[int]]  # topic to partitions


def shares(partitions: Mapping[str, Iterable[int]], owned: Mapping[str, Owned]) -> dict[str, dict[str, list[int]]]:
    """Divides the partitions of each topic among the members; `owned` says what each member had. The same input, the same answer.

    A member with few partitions of the topics before is first to get one more, so that the odd ones do not pile up.
    """
    members = sorted(owned)
    divided: dict[str, dict[str, list[int]]] = {member: {} for member in members}
    load = dict.fromkeys(members, 0)
    for topic in sorted(partitions):
        for member, mine in _share(sorted(partitions[topic]), topic, owned, load).items():
            divided[member][topic] = sorted(mine)
            load[member] += len(mine)
    return divided


def _share(
    partitions: list[int], topic: str, owned: Mapping[str, Owned], load: Mapping[str, int]
) -> dict[str, list[int]]:
    least, odd = divmod(len(partitions), len(owned))
    free = set(partitions)
    kept: dict[str, list[int]] = {member: [] for member in owned}
    order = sorted(owned, key=lambda member: (load[member], member))
    for ceiling, members in ((least, order), (least + 1, order)):
        for member in members:
            for partition in sorted(set(owned[member].get(topic, ())) & free):
                if len(kept[member]) >= ceiling or (ceiling > least and not odd):
                    break
                kept[member].append(partition)
                free.discard(partition)
                odd -= ceiling > least
    for partition in sorted(free):
        member = min(order, key=lambda name: (len(kept[name]), load[name], name))
        kept[member].append(partition)
    return kept


def even_sticky() -> type[Any]:
    """An assignor class for one consumer; aiokafka calls it by class methods, so the memory of what is owned is the class's."""

    class EvenSticky(AbstractPartitionAssignor):
        name = "guerdon-even-sticky"
        version = 0
        owned: ClassVar[dict[str, list[int]]] = {}

        @classmethod
        def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
            topics = sorted({topic for member in members.values() for topic in member.subscription})
            partitions = {topic: cluster.partitions_for_topic(topic) or () for topic in topics}
            owned = {name: orjson.loads(member.user_data or b"{}") for name, member in members.items()}
            return {
                name: ConsumerProtocolMemberAssignment(cls.version, sorted(share.items()), b"")
                for name, share in shares(partitions, owned).items()
            }

        @classmethod
        def metadata(cls, topics: Iterable[str]) -> Any:
            return ConsumerProtocolMemberMetadata(cls.version, sorted(topics), orjson.dumps(cls.owned))

        @classmethod
        def on_assignment(cls, assignment: Any) -> None:
            owned: dict[str, list[int]] = defaultdict(list)
            for topic, partitions in assignment.assignment:
                owned[topic].extend(partitions)
            cls.owned = dict(owned)

    return EvenSticky
