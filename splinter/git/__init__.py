"""Git, and nothing that is not git; nobody else builds a git command line."""
