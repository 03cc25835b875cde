"""`--set PATH=VALUE`: the strongest layer, from the command line."""

from types import MappingProxyType
from typing import NamedTuple

from voxmint.origin import COMMAND_LINE, Origin
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.documents import Layer, LayerKind
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode
from voxmint.profiles.reader import MAX_DEPTH, read_document
from voxmint.profiles.scalars import BadNumberError, resolve
from voxmint.profiles.selectors import in_one_form
from voxmint.profiles.templates.template import is_template
from voxmint.shown import looks_like_key

_ROOTS = ("session", "vars", "expires_after")


class Override(NamedTuple):
    """One `--set`, as a layer; its place is the line of the command line's settings."""

    text: str
    layer: Layer


def parse_overrides(given: tuple[str, ...]) -> tuple[tuple[Override, ...], tuple[Problem, ...]]:
    """The layers of all `--set`s, in order; the n-th is line n of the pseudo-file `--set`."""
    overrides: list[Override] = []
    problems: list[Problem] = []
    for line, text in enumerate(given, start=1):
        path, sign, value = text.partition("=")
        parts = in_one_form(path).split(".")
        at = Origin(COMMAND_LINE, line, 1, len(path) or 1)
        if not (sign and _is_path(parts) and _is_text(text)):
            problems.append(Problem(wording.BAD_OVERRIDE, at, {"said": _FORM.format(text)}))
            continue
        if not value:
            # Often a shell's variable that is not set; null is written as null.
            facts = {"said": f"has no value in `{text}`", "path": path}
            problems.append(Problem(wording.BAD_OVERRIDE, at, facts))
            continue
        if looks_like_key(value):
            problems.append(Problem(wording.LITERAL_KEY, at))
            continue
        problem = _unknown(parts, at) or _no_scalar(parts, value, at)
        node, wrong = _scalar(value, (line, len(path) + 2, max(len(value), 1)))
        found = [one for one in (problem, wrong) if one is not None]
        problems += found
        if not found:
            tree = _nested(parts, node, (line, 1, len(path)))
            overrides.append(Override(text, Layer(LayerKind.SET, COMMAND_LINE, "", tree)))
    return tuple(overrides), tuple(problems)


def _is_path(parts: list[str]) -> bool:
    """Whether the parts lead to a value below one of the roots; a directive is no place."""
    is_plain = all(part and not part.startswith("$") for part in parts)
    return is_plain and 2 <= len(parts) <= MAX_DEPTH and parts[0] in _ROOTS


def _is_text(text: str) -> bool:
    """Whether UTF-8 has all of it: an argument of other bytes comes with halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_FORM = "takes PATH=VALUE with a path below session, vars or expires_after, not `{}`"


def _unknown(parts: list[str], at: Origin) -> Problem | None:
    """The problem of a path that leads to no field."""
    if parts[0] == "vars":
        return None
    field = REQUEST
    for part in parts:
        known = field.by_name if field.type is Type.OBJECT else MappingProxyType({})
        if part not in known:
            facts = {
                "key": part,
                "owner": f"`{field.name}`",
                "known": ", ".join(f"`{name}`" for name in known) or "nothing",
                **nearest(part, known),
            }
            return Problem(wording.UNKNOWN_KEY, at, facts)
        field = known[part]
    return None


def _no_scalar(parts: list[str], value: str, at: Origin) -> Problem | None:
    """The problem of a field that takes a list or a map, and is given something else than null.

    A template may give either.
    """
    field = REQUEST
    for part in parts:
        field = field.by_name.get(part, _ANYTHING)
    is_plain = field.type not in (Type.ARRAY, Type.OBJECT)
    if is_plain or value in _NULLS or is_template(value):
        return None
    path = ".".join(parts)
    takes = f"`{path}` takes {field.type.words}"
    facts = {"said": f"gives one text, number, true, false or null, and {takes}"}
    if field.type is Type.ARRAY:
        facts["list"] = path
    elif field.nullable and value in _OFF:
        facts["null"] = path
    else:
        first = field.fields[0]
        fits = value in first.values or value in first.known
        facts["inner"] = f"{path}.{first.name}={value if fits else first.example}"
    return Problem(wording.BAD_OVERRIDE, at, facts)


_ANYTHING = Field("", Type.STRING, "")
_NULLS = ("null", "Null", "NULL", "~")
_OFF = ("off", "none", "no", "false")


def _scalar(text: str, mark: Mark) -> tuple[ScalarNode, Problem | None]:
    """The value as a scalar of YAML 1.2: quoted where it is written with quotes, else plain."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        root = read_document(COMMAND_LINE, text.encode()).root
        if isinstance(root, ScalarNode):
            return root._replace(mark=mark), None
    try:
        return ScalarNode(resolve(text), mark), None
    except BadNumberError:
        at = Origin(COMMAND_LINE, *mark)
        return ScalarNode(text, mark), Problem(wording.BAD_NUMBER, at, {"value": text})


def _nested(parts: list[str], node: Node, mark: Mark) -> MapNode:
    for part in reversed(parts):
        node = MapNode({part: node}, {part: mark}, mark)
    assert isinstance(node, MapNode)  # noqa: S101  # there are at least two parts
    return node
