"""From records to people: pull requests, report, notifications. It starts no work."""
