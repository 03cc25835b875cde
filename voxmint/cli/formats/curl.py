"""A request as a command line that can be pasted into a shell: the key is left to a variable."""

import json
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from voxmint.engine.apis import APIS
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.upstream.target import Target
from voxmint.profiles.settings import Provider

EMULATOR = "EMULATOR_URL"
"""The variable for the emulator's base URL, which is another one each time it is started."""
_ANY_KEY = "API_KEY"
_AZURE = "azure"
_API_KEY = "api-key:"
_BEARER = "Authorization: Bearer"
_CONTINUED = " \\\n  "


def as_curl(body: Mapping[str, Any], target: Target, provider: Provider) -> str:
    """The command, with a line for each part.

    The body stands in single quotes; what ends them or means something in a shell there is
    written as JSON's escape, so that POSIX shells and fish take it alike.
    """
    sent = json.dumps(body, ensure_ascii=True)
    sent = sent.replace("\\\\", "\\u005c").replace("'", "\\u0027")
    headers = [f"-H {header}" for header in _headers(provider)]
    parts = ["curl --fail-with-body --globoff", _url(target), *headers, f"--data-raw '{sent}'"]
    return _comment(target, provider) + _CONTINUED.join(parts)


def _comment(target: Target, provider: Provider) -> str:
    """What to know before pasting it, where there is something."""
    variable = _variable(provider)
    if target.url is None:
        return f"# {EMULATOR}: the first line that `voxmint emulator` prints\n"
    if provider.kind != _AZURE or variable is None:
        return ""
    if _is_token(provider):
        return f'# where the command gives a key, and no token: -H "{_API_KEY} ${variable}"\n'
    return f'# with a token of Microsoft Entra instead of a key: -H "{_BEARER} ${variable}"\n'


def _url(target: Target) -> str:
    if target.url is None:
        return f'"${EMULATOR}{APIS[target.api].path}"'
    return quote(target.url)


def _headers(provider: Provider) -> Iterator[str]:
    yield from _authorization(provider)
    yield "'Content-Type: application/json'"
    own = {
        "OpenAI-Organization": provider.organization,
        "OpenAI-Project": provider.project,
        "OpenAI-Safety-Identifier": provider.safety_identifier,
    }
    for name, value in {**own, **provider.headers}.items():
        if value is not None:
            yield quote(f"{name}: {value}")


def _authorization(provider: Provider) -> Iterator[str]:
    variable = _variable(provider)
    if PROVIDERS[provider.kind].placeholder is not None:
        yield f"'{_BEARER} emulator'"
    elif variable is not None:
        is_key = provider.kind == _AZURE and not _is_token(provider)
        yield f'"{_API_KEY if is_key else _BEARER} ${variable}"'


def _variable(provider: Provider) -> str | None:
    """The variable that stands for the key; `None` where none is sent."""
    named = provider.key.env if provider.key else None
    known = PROVIDERS[provider.kind].key_variable
    return named or known or (_ANY_KEY if provider.key else None)


def _is_token(provider: Provider) -> bool:
    """Whether it is likely a token that the provider is sent: Azure's tool gives those.

    Nothing is read or run here, so that its form, which would tell, is not known.
    """
    return provider.key is not None and provider.key.command is not None
