"""What is derived again, held against what was published: outcomes, messages, rows, books."""
