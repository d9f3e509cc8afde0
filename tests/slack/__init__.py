"""Tests of the front end for Slack."""
