"""The core: what a task is and how one is run. Knows no chat product."""
