"""The public contract: every input and output of the topics as a strict pydantic model. Knows nothing of the engine."""
