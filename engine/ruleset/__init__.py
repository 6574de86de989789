"""Compiled rules as an immutable value with a digest: what `rulebook` makes, `match` indexes and `decide` applies."""
