"""What both versions of the KV engine keep beside a secret, and how it is called."""

from uuid import uuid4

STAGED = ".voxmint-staged"
"""What the name of an entry ends in that holds a staged value; no secret's own name does."""
MARKS = ".voxmint-marks"
"""The same for one that holds marks, where the engine keeps none by itself."""

RUN = "voxmint-run"
"""Beside a staged value: which run's it is, as `stage` gave it."""


def new_run() -> str:
    """What a staged value is known by; no version of a secret is called like that."""
    return f"staged-{uuid4().hex}"


def is_staged(version: str | None) -> bool:
    """Whether a version is one that `new_run` named."""
    return version is not None and version.startswith("staged-")
