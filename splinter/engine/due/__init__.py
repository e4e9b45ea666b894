"""Why a workstream is due, and what its agents will be asked."""
