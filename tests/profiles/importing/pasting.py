"""What the tests of `import` share: texts pasted, profiles made of them, curl commands."""

import json
import shlex
from typing import Any

from tests.sources import MemorySource
from voxmint.cli.formats.yaml_text import as_yaml
from voxmint.profiles.bodies.form import Form, Request
from voxmint.profiles.importing.against import beside, difference
from voxmint.profiles.importing.rendering import Given, Setting, rendered
from voxmint.profiles.importing.request import Imported, read_request
from voxmint.profiles.importing.tree import tree_of, written

FILE = "<stdin>"
URL = "https://api.openai.com/v1/realtime/client_secrets"


def read(text: str) -> Imported:
    """What is read of a text."""
    return read_request(FILE, text.encode())


def request_of(text: str) -> Request:
    """The request of a text that has no errors."""
    imported = read(text)
    assert imported.request is not None, [one.message for one in imported.problems]
    return imported.request


def profile_of(request: Request) -> str:
    """The profile that says the request, alone."""
    tree = written(tree_of(request))
    return as_yaml(tree) if tree else "{}\n"


def project_with(**profiles: str) -> Setting:
    """A project of these profiles, to try one more in."""
    files = {f"profiles/{name}.yaml": text for name, text in profiles.items()}
    return Setting(MemorySource({"voxmint.yaml": "version: 1\n", **files}))


def against(
    base: str, request: Request, setting: Setting, form: Form | None = None
) -> dict[str, Any]:
    """What a profile says that extends the base, for the request to come out.

    With `form`, the request is of a body of this form.
    """
    given = rendered(as_yaml({"extends": base}), setting)
    assert given.problems == ()
    if form is not None:
        request = beside(request, given, form)
    return {"extends": base, **written(difference(given, request))}


def given_by(tree: dict[str, Any], setting: Setting) -> Given:
    """What a profile of the project gives that says this."""
    return rendered(as_yaml(tree), setting)


def curl(body: Any, *options: str, url: str = URL) -> str:
    """A command that sends the body, as a person would write it for a shell."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return shlex.join(["curl", url, *options, "-d", text])


def exactly(value: Any) -> Any:
    """The value in a form in which `1`, `1.0` and `true` differ, and the order does not matter."""
    if isinstance(value, dict):
        return {key: exactly(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return type(value), value
