"""Which lines of the files a field of a request depends on."""

from dataclasses import dataclass
from typing import NamedTuple

from voxmint.engine.selection import Selection
from voxmint.engine.upstream.target import place_of, provider_of
from voxmint.origin import Origin
from voxmint.profiles.blame import blame
from voxmint.profiles.cells import Leaf
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.templates.template import is_template

PROVIDER = "provider."
_API = "provider.api"


class Variable(NamedTuple):
    """A var or label that a template uses, and where it is set."""

    name: str
    at: Origin


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a selection's files."""

    selection: Selection

    def of(self, body: CompiledBody, path: str) -> Origin | None:
        """The line that decides on a field of a body, or on a setting of the provider.

        `None` where no line does, as where it is given on the command line.
        """
        if not path.startswith(PROVIDER):
            return body.place(path)
        environment = self.selection.environment
        if path == _API and self.selection.target.api != provider_of(environment).asks:
            return None
        return place_of(environment, *path.removeprefix(PROVIDER).split("."))

    def variables(self, body: CompiledBody, path: str) -> tuple[Variable, ...]:
        """What a field's template uses; nothing where it has none."""
        cell = body.cell(path)
        if not (isinstance(cell, Leaf) and isinstance(cell.value, str) and is_template(cell.value)):
            return ()
        compilation = self.selection.compilation
        traced = blame(body, compilation.profiles[body.profile], compilation.texts)
        used = next((one.variables for one in traced if one.path == path), ())
        return tuple(Variable(one.name, one.at) for one in used)
