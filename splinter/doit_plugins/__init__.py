"""What doit loads of ours: commands, loader, database, reporter."""
