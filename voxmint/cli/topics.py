"""What `explain` and the reference tell of: fields, keys of files, directives, models, problems.

All of it is made from the tables that compiling goes by; nothing is said here a second time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from voxmint.cli.parser import missed
from voxmint.engine import kinds as engine_kinds
from voxmint.problems import UsageError
from voxmint.profiles import kinds as profile_kinds
from voxmint.profiles.directives import ABOUT
from voxmint.profiles.endpoints import APIS
from voxmint.profiles.explained import FieldEntry, field_entries
from voxmint.profiles.kinds import Group
from voxmint.profiles.models import TABLE, Model, model_of
from voxmint.shown import shown

if TYPE_CHECKING:
    from voxmint.profiles.keys import Key

_BEFORE_A_LAYER = re.compile(r"^(?:overlay|environments\.[^.]+)\.(?=session|expires_after|vars)")
_INDEX = re.compile(r"\.\d+(?=\.|$)")
_MOST_CHOICES = 6
_OF_ENDPOINTS = "provider.api"
"""The key whose page tells of the endpoints, by whose names messages speak of them."""


@dataclass(frozen=True)
class Topics:
    """Some of what there is to tell, or all of it."""

    fields: tuple[FieldEntry, ...] = ()
    keys: "tuple[Key, ...]" = ()
    directives: tuple[str, ...] = ()
    models: tuple[Model, ...] = ()
    groups: tuple[Group, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name that a person may ask for, as it is written in a file or shown."""
        paths = (*(one.path for one in self.fields), *(one.path for one in self.keys))
        codes = (kind.code for group in self.groups for kind in group.kinds)
        models = (model.name for model in self.models)
        return tuple(dict.fromkeys((*paths, *self.directives, *models, *codes)))

    @property
    def is_empty(self) -> bool:
        return not (self.fields or self.keys or self.directives or self.models or self.groups)


_QUICK = Topics(
    field_entries(),
    (),
    tuple(ABOUT),
    tuple(TABLE.values()),
    (*profile_kinds.GROUPS, *engine_kinds.GROUPS),
)
"""All but the keys of files, which take a schema each, and pydantic."""


@cache
def everything() -> Topics:
    """All there is to tell."""
    from voxmint.cli.schema import FILES, schema_of
    from voxmint.profiles.keys import keys_of

    keys = tuple(key for file in FILES for key in keys_of(file, schema_of(file)))
    return replace(_QUICK, keys=keys)


def topics_of(word: str) -> Topics:
    """What a person means by a word; `UsageError`, with a near miss, where nothing is meant.

    A word is a code, a model, an endpoint, a directive (its `$` may be left out, since shells want
    it quoted), or a path: in a profile, in a body of either endpoint, in another file, or the end
    of one.
    """
    named = _named(word)
    if named is not None:
        return named
    known = everything()
    path = _OF_ENDPOINTS if word in APIS else _BEFORE_A_LAYER.sub("", _INDEX.sub("", word))
    found = _at_path(path, known) or _ending_in(path, known)
    if found is None:
        paths = [name for name in known.names if "." in name]
        words = {*known.names, *(name.rpartition(".")[2] for name in paths)}
        otherwise = "`voxmint explain` lists all there is"
        raise missed("there is no field, model or code `{}`", word, words, otherwise)
    return found


def _named(word: str) -> Topics | None:
    """What has a name of its own, rather than a path."""
    for group in _QUICK.groups:
        for kind in group.kinds:
            if kind.code == word:
                return Topics(groups=(group._replace(kinds=(kind,)),))
    model = model_of(word)
    if model is not None:
        return Topics(models=(model,))
    directive = "$" + word.removeprefix("$")
    return Topics(directives=(directive,)) if directive in _QUICK.directives else None


def _at_path(path: str, known: Topics) -> Topics | None:
    """What stands at a whole path, of a file or of a body."""
    exact = Topics(
        tuple(one for one in known.fields if path in {one.path, ".".join(map(str, one.at))}),
        tuple(one for one in known.keys if path in {one.path, f"{one.file}.{one.path}"}),
    )
    if not exact.is_empty:
        return exact
    in_bodies = tuple(one for one in known.fields if path in _places(one))
    return Topics(in_bodies) if in_bodies else None


def _places(entry: FieldEntry) -> Iterator[str]:
    """The paths of a field in the bodies; the session may be left out where it is in one."""
    for place in entry.places.values():
        if place:
            yield place
            yield place.removeprefix("session.")
    if entry.field.name == "input_audio_format":
        for name in ("type", "rate"):
            yield f"session.audio.input.format.{name}"
            yield f"audio.input.format.{name}"


def _ending_in(path: str, known: Topics) -> Topics | None:
    """What has a path that ends so, if it is one only."""
    end = f".{path}"
    found = Topics(
        tuple(
            one
            for one in known.fields
            if one.path.endswith(end) or any(place.endswith(end) for place in _places(one))
        ),
        tuple(one for one in known.keys if one.path.endswith(end)),
    )
    if found.is_empty:
        return None
    if len(found.names) > 1:
        raise _ambiguous(path, found.names)
    return found


def _ambiguous(path: str, choices: tuple[str, ...]) -> UsageError:
    first = choices[:_MOST_CHOICES]
    more = ", …" if len(choices) > len(first) else ""
    named = ", ".join(f"`{one}`" for one in first) + more
    return UsageError(f"several fields are called `{shown(path)}`", f"name one: {named}")


def merged(keys: "tuple[Key, ...]") -> "tuple[tuple[Key, tuple[str, ...]], ...]":
    """Keys that are the same in several files once, each with its files."""
    files: dict[Key, list[str]] = {}
    for key in keys:
        files.setdefault(replace(key, file=""), []).append(key.file)
    return tuple((replace(key, file=there[0]), tuple(there)) for key, there in files.items())


def fields_of(code: str) -> tuple[str, ...]:
    """The fields that a rule looks at."""
    return tuple(entry.path for entry in field_entries() if code in entry.field.rules)
