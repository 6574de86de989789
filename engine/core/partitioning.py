"""Which journal partition a subject belongs to: murmur2 as Kafka's Java clients compute it, over the pinned partition count."""

from struct import unpack_from

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for word in unpack_from(f"<{whole >> 2}I", data):
        k = (word * _M) & _MASK
        h = ((h * _M) ^ ((k ^ (k >> 24)) * _M)) & _MASK
    if whole < length:
        h ^= int.from_bytes(data[whole:], "little")
        h = (h * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(subject: str, partitions: int) -> int:
    """The partition of a subject's records, 0 to `partitions` - 1."""
    return (murmur2(subject.encode()) & 0x7FFFFFFF) % partitions
