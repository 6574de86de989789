"""What happens: one pure step over (rows, record, ruleset) for each kind of subject."""
