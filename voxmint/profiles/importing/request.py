"""What was pasted, as a request: read, told apart by its form, checked, and each place kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voxmint.origin import Origin, Path, dotted
from voxmint.problems import Kind, Problem, Related, nearest
from voxmint.profiles import wording as of_files
from voxmint.profiles.bodies import Form
from voxmint.profiles.bodies.form import Request
from voxmint.profiles.check import check_field, check_part, check_request
from voxmint.profiles.fields import EXPIRES_AFTER, NESTED, SESSION
from voxmint.profiles.findings import Finding
from voxmint.profiles.importing import wording
from voxmint.profiles.importing.curl import Command, is_command, read_command
from voxmint.profiles.importing.json_nodes import read_json
from voxmint.profiles.importing.pasted import Pasted, decoded, whole
from voxmint.profiles.importing.secrets import HIDDEN, hidden, is_secret_name, scrubbed, surely
from voxmint.profiles.importing.shapes import (
    FLAT_FORM,
    NESTED_FORM,
    Answer,
    answer_in,
    api_of,
    form_of,
    is_session_alone,
    node_at,
    other,
    place_of_key,
    without,
)
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode, kind_of, plain, texts_in
from voxmint.profiles.reader import read_document
from voxmint.profiles.values import briefly, described

_FORMATS = ("audio/pcm", "audio/pcmu", "audio/pcma")
_FORMAT: Path = ("session", "audio", "input", "format")


@dataclass(frozen=True, slots=True)
class Imported:
    """A request that was pasted; `None` where it cannot be had, and then `problems` say why.

    `form` is the form of its body; `asked` and `host` are the endpoint and the host that the
    command names, where it was one. `text` is what was pasted as far as it may be shown.
    """

    request: Request | None
    form: Form | None
    asked: str | None
    host: str | None
    problems: tuple[Problem, ...]
    text: str

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


def read_request(file: str, data: bytes) -> Imported:
    """Reads what was pasted: a body as JSON or YAML, or a curl command. `file` names its places."""
    pasted, problem = decoded(file, data)
    if problem is not None:
        return Imported(None, None, None, None, (problem,), _shown(pasted, None, ()))
    command = read_command(pasted) if is_command(pasted.text) else None
    root, problems = _root(pasted, data, command)
    known = set(command.secrets if command else ())
    found = _Found(pasted.file, [*(command.problems if command else ()), *problems])
    form, request = (None, None) if root is None else _request(root, command, found, known)
    return Imported(
        None if any(one.is_error for one in found.problems) else request,
        form,
        command.asked if command else None,
        command.host if command else None,
        tuple(scrubbed(one, known) for one in found.problems),
        _shown(pasted, command, known),
    )


def _root(
    pasted: Pasted, data: bytes, command: Command | None
) -> tuple[Node | None, tuple[Problem, ...]]:
    """The value that was pasted."""
    if command is not None:
        return read_json(command.body) if command.body else (None, ())
    root, problems = read_json(whole(pasted))
    if root is not None:
        return root, problems
    document = read_document(pasted.file, data)
    begins_as_json = pasted.text.lstrip()[:1] in {"{", "["}
    if document.problems and begins_as_json:
        return None, problems
    return document.root, document.problems


# ── what may be shown ────────────────────────────────────────────────────────────────────────────


def _shown(pasted: Pasted, command: Command | None, known: Iterable[str]) -> str:
    """The text with the same lines and columns, and nothing in it that may be a secret."""
    text = hidden(pasted.text, known)
    if command is not None:
        kept = list(HIDDEN * len(text))
        for at, sign in enumerate(text):
            if sign in " \n\t":
                kept[at] = sign
        for start, end in command.shown:
            kept[start:end] = text[start:end]
        text = "".join(kept)
    # What only some take for the end of a line would shift the lines that are shown.
    return text.translate({0x0D: " ", 0x85: "?", 0x2028: "?", 0x2029: "?"})


# ── the request ──────────────────────────────────────────────────────────────────────────────────


class _Found:
    """Collects problems of one text."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def note(
        self,
        kind: Kind,
        mark: Mark,
        path: Path = (),
        related: tuple[Related, ...] = (),
        /,
        **facts: object,
    ) -> None:
        at = Origin(self.file, *mark)
        self.problems.append(Problem(kind, at, facts, related, dotted(path) or None))


def _request(
    root: Node, command: Command | None, found: _Found, known: set[str]
) -> tuple[Form | None, Request | None]:
    if not isinstance(root, MapNode):
        found.note(wording.NOT_A_BODY, root.mark, found=kind_of(root))
        return None, None
    asked = command.asked if command else None
    answer = answer_in(root)
    if answer is not None:
        known |= _tokens(root, answer)
        _note_answer(root, answer, found)
        root = without(root, answer.paths)
    known |= {secret for secret in _named_secrets(root) if len(secret) > _SHORT}
    _look_for_keys(root, found, command.secrets if command else frozenset())
    form = form_of(root.entries, asked)
    if form is None:
        _note_unknown(root, found)
        return None, None
    if asked not in {None, api_of(form)}:
        found.note(wording.OTHER_ENDPOINT, root.mark, asked=asked, api=api_of(form))
    request = form.read(_body(root))
    for path in request.unplaced:
        _note_unplaced(root, path, form, found)
    for finding in _findings(request, form):
        _note_finding(root, finding, form, found)
    return form, request


def _findings(request: Request, form: Form) -> Iterator[Finding]:
    """What is wrong with the request; where a part of it is unreadable, with each part alone.

    What a rule misses may then be in what could not be read.
    """
    if not request.unplaced:
        yield from check_request(request.session, request.expires_after, form.name)
        return
    for name, value in request.session.items():
        yield from check_part(name, value)
    if request.expires_after is not None:
        yield from check_field(request.expires_after, EXPIRES_AFTER, (EXPIRES_AFTER.name,))


_SHORT = 5


def _body(root: MapNode) -> Mapping[str, Any]:
    body = plain(root)
    return body if isinstance(body, dict) else {}


def _tokens(root: MapNode, answer: Answer) -> set[str]:
    nodes = (node_at(root, path) for path in answer.paths if path[-1] == "value")
    return {str(node.value) for node in nodes if isinstance(node, ScalarNode) and node.value}


def _named_secrets(node: Node, name: str = "") -> Iterator[str]:
    """Texts that stand under a name such as `api_key`."""
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            yield from _named_secrets(value, key if key not in SESSION.by_name else "")
    elif isinstance(node, ScalarNode) and isinstance(node.value, str) and is_secret_name(name):
        yield node.value


def _look_for_keys(root: MapNode, found: _Found, secrets: frozenset[str]) -> None:
    for node in texts_in(root):
        if surely(str(node.value), secrets):
            found.note(wording.KEY_IN_BODY, node.mark)
    for key, mark in _keys(root):
        if surely(key, secrets):
            found.note(wording.KEY_IN_BODY, mark)


def _keys(node: Node) -> Iterator[tuple[str, Mark]]:
    if isinstance(node, MapNode):
        yield from ((key, node.keys[key]) for key in node.entries)
        for value in node.entries.values():
            yield from _keys(value)
    elif not isinstance(node, ScalarNode):
        for item in node.items:
            yield from _keys(item)


def _note_answer(root: MapNode, answer: Answer, found: _Found) -> None:
    first = answer.paths[0]
    outer = node_at(root, first[:-1])
    mark = outer.keys[str(first[-1])] if isinstance(outer, MapNode) else outer.mark
    names = ", ".join(f"`{dotted(path)}`" for path in answer.paths)
    facts = {"fields": f"{names} {'is' if len(answer.paths) == 1 else 'are'}"}
    token = {"token": "token"} if answer.has_token else {}
    found.note(wording.ANSWER_PASTED, mark, **facts, **token)


# ── what has no place ────────────────────────────────────────────────────────────────────────────


def _note_unknown(root: MapNode, found: _Found) -> None:
    forms = {form.name: form.around[()] for form in (FLAT_FORM, NESTED_FORM)}
    key = next(iter(root.entries))
    facts: dict[str, object] = {
        name: ", ".join(f"`{one}`" for one in names) for name, names in forms.items()
    }
    if is_session_alone(root.entries):
        facts["below"] = "session"
    facts |= nearest(key, [name for names in forms.values() for name in names])
    found.note(wording.UNKNOWN_BODY, root.keys[key], **facts)


def _note_unplaced(root: MapNode, path: Path, form: Form, found: _Found) -> None:
    node = node_at(root, path)
    if path in form.around or path in {("expires_after",), ("client_secret", "expires_at")}:
        _note_no_map(node, path, found)
    elif path == _FORMAT and form.name == NESTED:
        _note_format(node, path, found)
    elif path == ("session", "type"):
        _note_value(node, path, ("transcription",), found)
    else:
        _note_key(root, path, form, found)


def _note_no_map(node: Node, path: Path, found: _Found) -> None:
    name = str(path[-1])
    if isinstance(node, MapNode):
        # Only `client_secret`, without an `expires_at` that could be read.
        for key, inner in node.entries.items():
            if key == "expires_at":
                _note_no_map(inner, (*path, key), found)
            else:
                unknown = _unknown(key, f"`{name}`", ("expires_at",))
                found.note(of_files.UNKNOWN_KEY, node.keys[key], (*path, key), **unknown)
        return
    facts: dict[str, object] = {"field": name, "expected": "a map", "found": _described(node)}
    value = node.value if isinstance(node, ScalarNode) else None
    if name in {"expires_after", "expires_at"} and type(value) is int:
        facts["map"] = f"{{seconds: {value}}}"
    found.note(of_files.WRONG_TYPE, node.mark, path, **facts)


def _note_format(node: Node, path: Path, found: _Found) -> None:
    if not isinstance(node, MapNode):
        facts: dict[str, object] = {"field": "format", "expected": "a map"}
        named = node.value if isinstance(node, ScalarNode) else None
        known = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
        meant = named if named in _FORMATS else known.get(str(named))
        facts |= {"map": f"{{type: {meant}}}"} if meant else {}
        found.note(of_files.WRONG_TYPE, node.mark, path, found=_described(node), **facts)
        return
    kind, rate = node.entries.get("type"), node.entries.get("rate")
    for key in node.entries:
        if key not in {"type", "rate"}:
            facts = _unknown(key, "`format`", ("type", "rate"))
            found.note(of_files.UNKNOWN_KEY, node.keys[key], (*path, key), **facts)
    if kind is None:
        example = f"one of {', '.join(f'`{name}`' for name in _FORMATS)}"
        facts = {"owner": "`format`", "key": "type", "example": example}
        found.note(of_files.MISSING_KEY, node.mark, path, **facts)
    elif not isinstance(kind, ScalarNode) or kind.value not in _FORMATS:
        _note_value(kind, (*path, "type"), _FORMATS, found)
    elif rate is not None and kind.value != "audio/pcm":
        facts = _unknown("rate", f"`format` of the type {kind.value}", ("type",))
        found.note(of_files.UNKNOWN_KEY, node.keys["rate"], (*path, "rate"), **facts)
    elif rate is not None:
        _note_value(rate, (*path, "rate"), ("24000",), found)


def _note_value(node: Node, path: Path, values: tuple[str, ...], found: _Found) -> None:
    """A value that is none of the few that may stand there."""
    if not isinstance(node, ScalarNode):
        facts = {"field": str(path[-1]), "expected": _one_of(values), "found": _described(node)}
        found.note(of_files.WRONG_TYPE, node.mark, path, **facts)
        return
    facts = {"field": str(path[-1]), "value": briefly(node.value), "values": _listed(values)}
    near = nearest(str(node.value), values) if isinstance(node.value, str) else {}
    found.note(of_files.BAD_VALUE, node.mark, path, **facts, **near)


def _note_key(root: MapNode, path: Path, form: Form, found: _Found) -> None:
    outer = node_at(root, path[:-1])
    key = str(path[-1])
    mark = outer.keys[key] if isinstance(outer, MapNode) else outer.mark
    place = place_of_key(key, form)
    is_others = key in other(form).around[()] or (key in SESSION.by_name and place != path)
    if is_others:
        mixed = {"key": key, "form": form.name, "other": other(form).name}
        at = {"place": dotted(place)} if place else {}
        found.note(wording.MIXED_BODY, mark, path, **mixed, **at)
        return
    owner = f"`{dotted(path[:-1])}`" if len(path) > 1 else f"a {form.name} body"
    facts = _unknown(key, owner, form.around.get(path[:-1], ()))
    below = _below(key, form, path[:-1])
    found.note(of_files.UNKNOWN_KEY, mark, path, **facts, **({"below": below} if below else {}))


def _below(key: str, form: Form, at: Path) -> str | None:
    """Where a key belongs that stands at the wrong level of its body."""
    for path, names in form.around.items():
        if key in names and path and path != at:
            return dotted(path)
    for field in SESSION.fields:
        place = form.place(("session", field.name))
        if place is not None and key in field.by_name and key != "type":
            return dotted(place)
    return None


def _unknown(key: str, owner: str, known: tuple[str, ...]) -> dict[str, object]:
    return {"key": key, "owner": owner, **nearest(key, known), "known": _listed(known)}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _one_of(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"one of {_listed(values)}"


def _described(node: Node) -> str:
    return described(node.value) if isinstance(node, ScalarNode) else kind_of(node)


# ── what is wrong with the session ───────────────────────────────────────────────────────────────


def _note_finding(root: MapNode, finding: Finding, form: Form, found: _Found) -> None:
    place = _in_body(finding.path, form)
    mark = _mark_at(root, place, at_key=finding.at_key)
    related = tuple(
        Related(Origin(found.file, *_mark_at(root, _in_body(path, form))), remark)
        for path, remark in finding.related
    )
    path = finding.path[1:] if finding.path[0] == "session" else finding.path
    found.note(finding.kind, mark, path, related, **finding.facts)


def _in_body(path: Path, form: Form) -> Path:
    """The body's path of a profile's, or of the nearest one above it that has a place."""
    for length in range(len(path), 0, -1):
        place = form.place(path[:length])
        if place is not None:
            return (*place, *path[length:])
    return ()


def _mark_at(root: Node, path: Path, *, at_key: bool = False) -> Mark:
    if at_key and path:
        outer = node_at(root, path[:-1])
        if isinstance(outer, MapNode) and path[-1] in outer.keys:
            return outer.keys[str(path[-1])]
    return node_at(root, path).mark
