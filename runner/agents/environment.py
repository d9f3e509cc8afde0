"""The environment of programs that we start: named variables of ours, nothing else.

The daemon's own environment holds secrets (tokens of chat products, keys). Nothing of it reaches an agent, a set-up
command or a test command unless it stands in this list or in the configuration.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

_PASSED_ON = frozenset({
    "ALL_PROXY", "CURL_CA_BUNDLE", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LANGUAGE", "LOGNAME",
    "NODE_EXTRA_CA_CERTS", "NO_PROXY", "PATH", "REQUESTS_CA_BUNDLE", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TERM",
    "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME",
})  # fmt: skip
_PASSED_ON_PREFIX = "LC_"
_PR_SET_DUMPABLE = 4  # linux/prctl.h


def clean(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a program of ours may inherit, with `extra` over it."""
    inherited = {
        name: setting
        for name, setting in os.environ.items()
        if name.upper() in _PASSED_ON or name.startswith(_PASSED_ON_PREFIX)
    }
    return {**inherited, **(extra or {})}


def blanked() -> dict[str, str]:
    """Return all names of our environment with empty values.

    For libraries that merge our environment into that of a child whatever we say: the child could otherwise be read
    by its own descendants through /proc.
    """
    return dict.fromkeys(os.environ, "")


def conceal() -> None:
    """Keep other programs of the same user, agents above all, from reading our environment and memory.

    Call it once at the start of the daemon. Works on Linux only, and not against root: /proc shows the environment of a
    process to its owner unless the process is not "dumpable".
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
