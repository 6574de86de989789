"""A member as one value, computed from the rows."""
