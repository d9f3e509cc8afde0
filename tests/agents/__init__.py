"""The agents: the real Claude Code against the scripted model, the launcher, the processes."""
