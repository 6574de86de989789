"""Values of a ruleset in the words of those who write and read them."""
