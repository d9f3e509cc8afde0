"""What reports say, and that nobody can make them say or do anything else."""
