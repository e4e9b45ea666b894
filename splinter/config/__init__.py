"""Files to model, with places. It runs nothing."""
