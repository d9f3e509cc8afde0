"""What tests of the front end for Slack may ask for."""

from __future__ import annotations

import pytest

from tests.slack.workspace import Mode


@pytest.fixture(params=["sockets", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Both ways in which Slack delivers, one after the other."""
    way: Mode = request.param
    return way
