"""How sealed values look: texts that only a key of the topic `keys` reads (`engine.wire.sealing`)."""

PREFIX = "sealed:1:"


def is_sealed(value: object) -> bool:
    """Whether a value is a sealed one."""
    return isinstance(value, str) and value.startswith(PREFIX)
