"""What other services consume: one file for each topic."""
