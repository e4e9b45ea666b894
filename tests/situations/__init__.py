"""What the rows of `tests/lanes/test_situations.py` do: each makes a situation, and looks at the world after one `doit`."""
