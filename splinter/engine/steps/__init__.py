"""One step: its work tree, its command, its scope, its commit, and the results that are kept."""
