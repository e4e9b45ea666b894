"""A Makefile for coding agents, on doit."""
