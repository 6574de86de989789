"""A candidate that runs in shadow: whether there is one, and what it would give beside what is live."""
