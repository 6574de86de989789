"""The shapes of the rows that steps keep."""
