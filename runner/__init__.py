"""The core: what a task is and how one is run. Knows no chat product."""

__version__ = "0.1.0"
