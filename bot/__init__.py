"""The front ends: commands in, cards out."""
