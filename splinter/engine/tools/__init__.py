"""What agents and tools are handed and what they print, turned into values."""
