"""Processes, disk, sqlite and the history. It knows no git."""
