"""Setting up, looking after and clearing up a repository that splinter works in."""
