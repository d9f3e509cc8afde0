"""Coding agents, and the one place that starts other programs."""
