"""Where our files lie outside the checkout, by each system's custom. It makes no folder."""

from __future__ import annotations

from pathlib import Path


def state() -> Path:
    """The user's folder for state: work trees."""
    from platformdirs import user_state_path

    return user_state_path("splinter")


def cache() -> Path:
    """The user's folder for what may be deleted at any time."""
    from platformdirs import user_cache_path

    return user_cache_path("splinter")
