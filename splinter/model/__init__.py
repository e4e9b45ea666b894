"""What is asked, planned and recorded: frozen values, no disk and no clock."""
