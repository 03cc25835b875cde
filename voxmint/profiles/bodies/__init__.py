"""The bodies a compiled profile can take: one file per form, one line per endpoint here."""

from types import MappingProxyType

from voxmint.profiles.bodies import flat, nested
from voxmint.profiles.bodies.form import Form

FORMS = MappingProxyType(
    {
        "transcription_sessions": flat.FORM,
        "client_secrets": nested.FORM,
    }
)
"""The form of the body that each endpoint takes, by the endpoint's name in `provider.api`."""

__all__ = ["FORMS", "Form"]
