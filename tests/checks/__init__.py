"""Checks before and after a run."""
