"""OpenAI: `api.openai.com`, and its regional hosts such as `eu.api.openai.com`.

Source: OpenAI's guide to data residency, which gives each region a prefix of this one host.
"""

from voxmint.engine.providers.contract import ProviderKind
from voxmint.engine.upstream.hosts import Host

_HOST = "api.openai.com"


def is_openai(host: Host) -> bool:
    """Whether this is OpenAI's own host, compared as whole labels, with TLS at the usual port."""
    is_named_so = host.name == _HOST or host.name.endswith("." + _HOST)
    return is_named_so and host.scheme == "https" and host.port == 443


PROVIDER = ProviderKind(
    "openai",
    base="https://api.openai.com/v1",
    root="/v1",
    trusts=is_openai,
    key_variable="OPENAI_API_KEY",
)
