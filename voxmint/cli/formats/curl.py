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
    return _comment(target) + _CONTINUED.join(parts)


def _comment(target: Target) -> str:
    if target.url is not None:
        return ""
    return f"# {EMULATOR}: the first line that `voxmint emulator` prints\n"


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
    kind = PROVIDERS[provider.kind]
    named = provider.key.env if provider.key else None
    variable = named or kind.key_variable or (_ANY_KEY if provider.key else None)
    if kind.placeholder is not None:
        yield "'Authorization: Bearer emulator'"
    elif variable is not None:
        header = "api-key:" if provider.kind == "azure" else "Authorization: Bearer"
        yield f'"{header} ${variable}"'
