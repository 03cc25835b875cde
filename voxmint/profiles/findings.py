"""What a check of plain values finds, before it is known where each value came from."""

from collections.abc import Mapping
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.problems import Kind


class Finding(NamedTuple):
    """A problem at a path of the request; `related` are further paths, each with its remark.

    `at_key` says that the key is what is wrong rather than its value.
    """

    kind: Kind
    path: Path
    facts: Mapping[str, object]
    related: tuple[tuple[Path, str], ...] = ()
    at_key: bool = False
