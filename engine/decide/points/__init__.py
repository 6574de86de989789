"""Accounts and lots: how points come, wait, are held, spent and expire."""
