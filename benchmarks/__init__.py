"""What is measured of splinter, beside others: `python -m benchmarks`."""
