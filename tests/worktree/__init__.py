"""Worktrees on real repositories."""
