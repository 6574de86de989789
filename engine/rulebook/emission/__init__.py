"""From what was read to values of the ruleset. Called only where no file has an error, so nothing is checked here."""
