"""Places for pull requests."""
