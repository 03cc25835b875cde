"""Reads an upstream key from Google Secret Manager; it takes `secretmanager.versions.access` alone.

The latest version is read: the alias that a sink moves is for tokens.
"""

from typing import TYPE_CHECKING

from voxmint.engine.stores.endpoints import UnallowedError
from voxmint.engine.stores.gcp_secretmanager_client import (
    ALLOW_PROJECTS,
    LOGGERS,
    Patience,
    client_of,
    is_project_allowed,
    trouble_of,
)
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.upstream.keystores import Wanted
    from voxmint.profiles.key_stores import KeyInGcp

__all__ = ["EXTRA", "LOGGERS", "TITLE", "key_text", "trouble_of"]

TITLE = "Google Secret Manager"
EXTRA = "gcp"


def key_text(wanted: "Wanted[KeyInGcp]") -> Secret | None:
    """The text of a secret; `None` where there is no such secret, or its latest version is off."""
    from voxmint.engine.stores.gcp_secretmanager_options import SecretManagerOptions
    from voxmint.engine.stores.gcp_secretmanager_store import SecretManager

    place = wanted.place
    if place.project is not None and not is_project_allowed(place.project, wanted.environ):
        raise UnallowedError(place.project, ALLOW_PROJECTS)
    options = SecretManagerOptions(project=place.project, location=place.location)
    calls, parent = client_of(options, wanted.environ, Patience())
    return SecretManager(calls, parent, options).read(place.secret, None)
