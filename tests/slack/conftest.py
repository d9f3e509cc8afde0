"""What tests of the front end for Slack may ask for."""

from __future__ import annotations

import pytest

from tests.slack.workspace import Mode


@pytest.fixture(params=["sockets", pytest.param("http", marks=pytest.mark.proof)])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Both ways in which Slack delivers; the one over HTTP is in every run in `test_http` and `test_up`."""
    way: Mode = request.param
    return way
