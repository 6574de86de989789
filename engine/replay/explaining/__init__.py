"""Why something happened: the whole chain from an input to all that became of it, found in a recorded deployment."""
