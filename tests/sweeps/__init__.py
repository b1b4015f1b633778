"""Sweeps: commands killed at every file operation, damaged files by the hundred, hostile inputs by the hundred."""
