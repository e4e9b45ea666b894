"""What is wanted, planned and recorded: frozen values, no disk and no clock."""
