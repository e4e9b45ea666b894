"""What is left behind by a call that had nothing to do, so that the next one like it knows that at once."""
