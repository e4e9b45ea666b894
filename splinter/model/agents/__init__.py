"""Agents: one module each with all that is known of it, and a line in the registry."""
