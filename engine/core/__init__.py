"""The field in plain values: ids, instants, calendar, amounts, tiers. Standard library only; no clock, random, float or I/O."""
