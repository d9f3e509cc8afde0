"""The product as its users run it: real processes, real repositories, the real CLI."""
