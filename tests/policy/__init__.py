"""Tests of runner.shell and runner.policy."""
