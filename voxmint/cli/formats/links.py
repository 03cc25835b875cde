"""Addresses of lines on a code host, from the address that the operator gave."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from voxmint.engine.states import State
from voxmint.origin import Origin
from voxmint.problems import UsageError
from voxmint.profiles.diff.result import Side
from voxmint.shown import looks_like_key, shown

_FORMS = (
    ("gitlab", "/-/blob/{revision}/{path}#L{line}"),
    ("bitbucket", "/src/{revision}/{path}#lines-{line}"),
    ("", "/blob/{revision}/{path}#L{line}"),
)
"""What follows a repository's address, by a part of the host's name: the last is GitHub's."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%{}-]+")
_PLACE = re.compile(r"\{([^{}]*)\}|[{}]")
_PLACES = ("revision", "path", "line")


@dataclass(frozen=True, slots=True)
class Links:
    """Leads to lines; where there is no template, or a state is no commit, to none.

    In a template without `{revision}` the address is one of the head, whatever that is.
    """

    template: str = ""
    revisions: Mapping[Side, str] | None = None
    folders: Mapping[Side, str] | None = None

    def to(self, at: Origin, side: Side) -> str | None:
        """The address of a place in one of the two states."""
        revision = (self.revisions or {}).get(side)
        is_fixed = "{revision}" not in self.template
        is_nowhere = side is Side.BASE if is_fixed else revision is None
        # A name that is masked where it is shown must not be told by its address.
        if not self.template or is_nowhere or looks_like_key(at.file):
            return None
        folder = (self.folders or {}).get(side)
        path = f"{folder}/{at.file}" if folder else at.file
        values = {
            "revision": revision or "",
            "path": quote(path, errors="replace"),
            "line": str(at.line),
        }
        return _PLACE.sub(lambda found: values[found[1]], self.template)


def links_of(given: str | None, base: State, head: State) -> Links:
    """The links for two states; `given` is an address or a template, as `--base-url` takes it.

    Raises `UsageError` for one that is no address, or that holds a password.
    """
    if not given:
        return Links()
    states = {Side.BASE: base, Side.HEAD: head}
    return Links(
        _template(given),
        {side: state.commit for side, state in states.items() if state.commit},
        {side: state.folder for side, state in states.items() if state.folder},
    )


def _template(given: str) -> str:
    hint = "for example `https://github.com/OWNER/REPO`"
    if not _ADDRESS.fullmatch(given):
        raise UsageError(
            f"`--base-url` takes the address of a repository, not `{shown(given)}`", hint
        )
    host = _host(given)
    if not host:
        raise UsageError(f"`--base-url` names no host: `{shown(given)}`", hint)
    if "@" in urlsplit(given).netloc or looks_like_key(given):
        raise UsageError("`--base-url` holds a name or a key, which would be shown", hint)
    names = [found[1] for found in _PLACE.finditer(given)]
    wrong = [name for name in names if name not in _PLACES]
    if None in wrong:
        raise UsageError("`--base-url` has a brace that stands alone", "braces hold a name")
    if wrong:
        known = ", ".join(f"`{{{name}}}`" for name in _PLACES)
        raise UsageError(f"`--base-url` has no `{{{shown(wrong[0])}}}`", f"it has {known}")
    if names and "path" not in names:
        raise UsageError("`--base-url` leads to no file", "say where `{path}` stands in it")
    if names:
        return given
    return given.rstrip("/") + next(form for part, form in _FORMS if part in host)


def _host(given: str) -> str:
    try:
        return urlsplit(given).hostname or ""
    except ValueError:
        return ""
