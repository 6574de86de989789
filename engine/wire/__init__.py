"""Bytes at the edges: public events in, journal records, rows and outcomes; sealing of personal values."""
