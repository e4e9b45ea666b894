"""Files of an earlier orchestrator become workstreams and settings."""
