"""The judgement of a change: checks, what they said before it, and the fix loop."""
