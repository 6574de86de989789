"""Bytes in, bytes out: one object folds a journal partition; the worker, replay and simulate all drive it."""
