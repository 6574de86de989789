"""Which campaigns hold for an event: the plain matcher over an index; later the rete."""
