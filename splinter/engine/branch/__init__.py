"""The workstream's branch: what was accepted last, a person's commits, the move."""
