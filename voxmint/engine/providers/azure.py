"""Azure OpenAI: a resource's own host, which the operator names, below `/openai/v1`.

A resource answers at `NAME.openai.azure.com` and `NAME.services.ai.azure.com`. The model of a
request is the name of a deployment, which `deployments` in the environment's file maps. A key goes
in the header `api-key`; a token of Microsoft Entra, known by its form (a JSON web token), as a
bearer's.
"""

import re

from voxmint.engine.providers.contract import Header, ProviderKind, bearer
from voxmint.secret import Secret

_WEB_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
"""Three parts of base64, the first a JSON object's. A key has no dots."""


def _header(key: Secret) -> Header:
    if _WEB_TOKEN.fullmatch(key.reveal()):
        return bearer(key)
    return b"api-key", key.reveal().encode("ascii")


PROVIDER = ProviderKind(
    "azure", root="/openai/v1", key_variable="AZURE_OPENAI_API_KEY", header=_header
)
