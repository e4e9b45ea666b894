"""The commands that we add to doit, one module for each or for a pair that shares its reading."""
