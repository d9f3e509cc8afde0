"""Tests of the neutral half of the bot."""
