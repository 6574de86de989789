"""Ladders: progress, what reaches a tier, how long it stands, what entering it gives."""
