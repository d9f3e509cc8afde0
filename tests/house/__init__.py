"""House rules: what every file of the project has to keep."""
