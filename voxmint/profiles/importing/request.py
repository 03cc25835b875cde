"""What was pasted, as a request: read, told apart by its form, checked, and each place kept."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voxmint.origin import Origin, Path, dotted
from voxmint.problems import Problem, Related, gathered
from voxmint.profiles.bodies import Form
from voxmint.profiles.bodies.form import Request
from voxmint.profiles.check import OF_ABSENCE, check_request
from voxmint.profiles.findings import Finding
from voxmint.profiles.importing import wording
from voxmint.profiles.importing.body_keys import Hidden, named_secrets, note_keys, tokens_at
from voxmint.profiles.importing.curl import Command, is_command, read_command, stray_command
from voxmint.profiles.importing.json_nodes import read_json
from voxmint.profiles.importing.notes import Notes
from voxmint.profiles.importing.pasted import Pasted, decoded, whole
from voxmint.profiles.importing.secrets import scrubbed
from voxmint.profiles.importing.shapes import (
    Answer,
    answer_in,
    api_of,
    form_of,
    is_event,
    node_at,
    without,
)
from voxmint.profiles.importing.showing import Spans, showable
from voxmint.profiles.importing.unplaced import note_other_thing, note_unknown, note_unplaced
from voxmint.profiles.nodes import MapNode, Mark, Node, plain
from voxmint.profiles.reader import read_document
from voxmint.profiles.wording import BAD_NUMBER

_YAML = re.compile(r"""---|%|-[ \t]|["'?]|[\w$.-]+[ \t]*:(?:\s|$)""")
"""How the first line of a map or list begins in YAML; those of programs and requests do not."""


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


class _Found:
    """What is learned of one text: the request, its form, and what is secret in it."""

    def __init__(self, notes: Notes, command: Command | None) -> None:
        self.notes = notes
        self.asked = command.asked if command else None
        self.secrets = Hidden(command.secrets) if command else Hidden()
        self.form: Form | None = None
        self.request: Request | None = None


def read_request(file: str, data: bytes) -> Imported:
    """Reads what was pasted: a body as JSON or YAML, or a curl command. `file` names its places."""
    pasted, problem = decoded(file, data)
    if problem is not None:
        return Imported(None, None, None, None, (problem,), "")
    command = read_command(pasted) if is_command(pasted.text) else None
    notes = Notes(file, list(command.problems) if command else [])
    found = _Found(notes, command)
    root = _root(pasted, data, command, notes)
    if root is not None:
        _read(root, found)
    return Imported(
        None if notes.has_errors else found.request,
        found.form,
        found.asked,
        command.host if command else None,
        _said(found),
        showable(pasted, _spans(pasted, command, root), found.secrets),
    )


def _said(found: _Found) -> tuple[Problem, ...]:
    """The problems, without a secret. Of what holds one, no more is said than that it does."""
    problems = (
        scrubbed(one, found.secrets.texts)
        for one in _without_consequences(found.notes.problems)
        if one.kind is wording.KEY_IN_BODY
        or one.at is None
        or (one.at.line, one.at.column, one.at.length) not in found.secrets.marks
    )
    return gathered(problems)


def _without_consequences(problems: Sequence[Problem]) -> Iterator[Problem]:
    """The problems, save those of a value that only stands for a number that cannot be read."""
    unread = {one.at for one in problems if one.kind is BAD_NUMBER}
    return (one for one in problems if one.kind is BAD_NUMBER or one.at not in unread)


def _spans(pasted: Pasted, command: Command | None, root: Node | None) -> Spans | None:
    """What may be shown at all: a command that could not be told apart may hold a key anywhere."""
    if command is not None:
        return command.shown
    stray = stray_command(pasted.text) if root is None else None
    if stray is None:
        return None
    return [(0, stray[1])] if _begins_as_json(pasted) else [stray]


def _begins_as_json(pasted: Pasted) -> bool:
    return pasted.text.lstrip()[:1] in {"{", "["}


def _root(pasted: Pasted, data: bytes, command: Command | None, notes: Notes) -> Node | None:
    """The value that was pasted; `None` where it cannot be read, which is noted."""
    if command is not None:
        root, problems = read_json(command.body) if command.body else (None, ())
        notes.take(problems)
        return root
    root, problems = read_json(whole(pasted))
    if root is not None:
        notes.take(problems)
        return root
    document = read_document(pasted.file, data)
    if _begins_as_json(pasted):
        notes.take(problems if document.problems else ())
        return None if document.problems else document.root
    if _note_no_yaml(pasted, document.root, notes):
        return None
    notes.take(document.problems)
    return document.root


def _note_no_yaml(pasted: Pasted, root: Node | None, notes: Notes) -> bool:
    """Notes where it is something else than YAML; whether it is."""
    stray = None if _is_body(root) else stray_command(pasted.text)
    if stray is not None:
        said = {"said": "something stands before `curl`", "itself": "the command"}
        notes.add(wording.BAD_COMMAND, pasted.mark(*stray), **said)
    elif root is not None:
        return False
    elif (line := pasted.first_line) is None:
        notes.add(wording.NOT_A_BODY, pasted.mark(0), found="nothing")
    elif not _YAML.match(pasted.text, line[0]):
        notes.add(wording.NOT_A_BODY, pasted.mark(*line), found="a text")
    else:
        return False
    return True


def _is_body(root: Node | None) -> bool:
    return isinstance(root, MapNode) and form_of(root.entries, None) is not None


# ── the request ──────────────────────────────────────────────────────────────────────────────────


def _read(root: Node, found: _Found) -> None:
    """Reads the request from the value, and notes what is wrong with it."""
    notes = found.notes
    if not isinstance(root, MapNode) or is_event(root):
        note_other_thing(root, notes)
        return
    given = found.secrets.texts
    found.secrets |= named_secrets(root)
    answer = answer_in(root)
    if answer is not None:
        found.secrets |= tokens_at(root, answer.paths)
        _note_answer(root, answer, notes)
        root = without(root, answer.paths)
    found.secrets |= note_keys(root, given, notes)
    found.form = form_of(root.entries, found.asked)
    if answer is not None and not root.entries:
        notes.add(wording.NOT_A_BODY, root.mark, found="an answer without its session")
    elif found.form is None:
        note_unknown(root, notes)
    else:
        found.request = _request(root, found.form, found.asked, notes)


def _request(root: MapNode, form: Form, asked: str | None, notes: Notes) -> Request:
    if asked not in {None, api_of(form)}:
        notes.add(wording.OTHER_ENDPOINT, root.mark, asked=asked, api=api_of(form))
    request = form.read(_body(root))
    for path in request.unplaced:
        note_unplaced(root, path, form, notes)
    for finding in _findings(request, form):
        _note_finding(root, finding, form, notes)
    return request


def _findings(request: Request, form: Form) -> list[Finding]:
    """What is wrong with the request; what is missing may be in a part that could not be read."""
    found = check_request(request.session, request.expires_after, form.name)
    if not request.unplaced:
        return found
    return [finding for finding in found if finding.kind.code not in OF_ABSENCE]


def _body(root: MapNode) -> Mapping[str, Any]:
    body = plain(root)
    return body if isinstance(body, dict) else {}


def _note_answer(root: MapNode, answer: Answer, notes: Notes) -> None:
    first = answer.paths[0]
    outer = node_at(root, first[:-1])
    mark = outer.keys[str(first[-1])] if isinstance(outer, MapNode) else outer.mark
    names = ", ".join(f"`{dotted(path)}`" for path in answer.paths)
    facts = {"fields": f"{names} {'is' if len(answer.paths) == 1 else 'are'}"}
    token = {"token": "its token"} if answer.has_token else {}
    notes.add(wording.ANSWER_PASTED, mark, **facts, **token)


# ── what is wrong with the session ───────────────────────────────────────────────────────────────


def _note_finding(root: MapNode, finding: Finding, form: Form, notes: Notes) -> None:
    place = _in_body(finding.path, form)
    mark = _mark_at(root, place, at_key=finding.at_key)
    related = tuple(
        Related(Origin(notes.file, *_mark_at(root, _in_body(path, form))), remark)
        for path, remark in finding.related
    )
    path = finding.path[1:] if finding.path[0] == "session" else finding.path
    notes.add(finding.kind, mark, path, related, **finding.facts)


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
