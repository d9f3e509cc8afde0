"""The crash table: the daemon is killed with SIGKILL at every edge of a question's life, and what is left is judged."""
