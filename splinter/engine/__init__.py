"""One workstream from its base to its branch. It publishes nothing."""
