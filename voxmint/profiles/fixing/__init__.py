"""Lines without effect taken out of a project's files: the layout kept, the bodies proven equal."""

from voxmint.profiles.fixing.proven import (
    CHANGES_A_BODY,
    MOST_COMPILES,
    NOT_TRIED,
    Edit,
    Fix,
    Left,
    fix,
)

__all__ = ["CHANGES_A_BODY", "MOST_COMPILES", "NOT_TRIED", "Edit", "Fix", "Left", "fix"]
