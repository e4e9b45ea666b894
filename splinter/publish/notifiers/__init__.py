"""Ways to notify people."""
