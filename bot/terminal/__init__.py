"""The terminal front end: a server inside the daemon, and the programs people type into."""
