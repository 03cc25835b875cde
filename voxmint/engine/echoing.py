"""What a service does other than it was asked to, said at the lines that asked."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from voxmint.engine.apis import Answer
from voxmint.engine.upstream.keys import concealer
from voxmint.engine.upstream.request import sent_body
from voxmint.engine.wording import ECHO_CHANGED, ECHO_IGNORED
from voxmint.origin import dotted
from voxmint.problems import Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.echo import NOTHING, Echo, Fate, echoes, lifetime_echo, with_left_out
from voxmint.profiles.importing.secrets import is_keylike, is_secret_name, worth_knowing
from voxmint.profiles.settings import Provider
from voxmint.profiles.values import briefly
from voxmint.shown import masked

_KINDS = {Fate.CHANGED: ECHO_CHANGED, Fate.IGNORED: ECHO_IGNORED}


def echoes_of(
    compiled: CompiledBody, provider: Provider, answer: Answer, conceal: Callable[[str], str]
) -> tuple[Echo, ...]:
    """What became of each value of a session, by the answer to its body.

    Nothing of a session that the answer does not hold: some gateways give the token alone.
    `conceal` takes the key out of a text; the token is taken out, too.
    """
    found = _echoes(compiled, provider, answer)
    whole = with_left_out(found, compiled.session, FORMS[compiled.api])
    return _hidden(whole, answer, conceal)


def is_of_session(found: Iterable[Echo]) -> bool:
    """Whether the answer told anything of the session that was asked for."""
    return any(echo.path[0] == "session" and echo.fate is not Fate.LEFT_OUT for echo in found)


def deviations_of(
    compiled: CompiledBody, provider: Provider, answer: Answer, conceal: Callable[[str], str]
) -> tuple[Echo, ...]:
    """As `echoes_of`, of the values that were changed or left out alone: mostly there are none."""
    found = [one for one in _echoes(compiled, provider, answer) if one.fate in _KINDS]
    return _hidden(found, answer, conceal) if found else ()


def _echoes(compiled: CompiledBody, provider: Provider, answer: Answer) -> Sequence[Echo]:
    sent = sent_body(compiled, provider)
    transcription = compiled.session.get("input_audio_transcription") or {}
    found = echoes(sent.body, FORMS[compiled.api], answer.session, transcription.get("model"))
    if all(one.answered is NOTHING for one in found):
        found = ()
    if answer.answered_at is not None:
        lives = answer.expires_at - answer.answered_at
        found = (*found, lifetime_echo(compiled.expires_after, lives))
    return found


def _hidden(
    found: Iterable[Echo], answer: Answer, conceal: Callable[[str], str]
) -> tuple[Echo, ...]:
    """The same, with no key and no token in what was answered."""
    of_token = concealer(answer.token)

    def hide(text: str) -> str:
        return of_token(conceal(text))

    return tuple(replace(one, answered=without_secrets(one.answered, hide)) for one in found)


def problems_of(
    compiled: CompiledBody, found: Iterable[Echo], command: str | None = None
) -> Iterator[Problem]:
    """A warning for each value that was changed or left out, where it is set.

    `command` is the command line that shows more.
    """
    for echo in found:
        kind = _KINDS.get(echo.fate)
        if kind is not None:
            path = shown_path(echo)
            facts = {"path": path, "asked": briefly(echo.asked)}
            if command is not None:
                facts["command"] = command
            if echo.fate is Fate.CHANGED:
                facts["answered"] = briefly(echo.answered)
            body = (compiled.profile, compiled.environment)
            yield Problem(kind, compiled.origin(path), facts, (), path, (body,))


def shown_path(echo: Echo) -> str:
    """The path as a profile's author knows it: without the leading `session.`."""
    return dotted(echo.path[1:] if echo.path[0] == "session" else echo.path)


_DEEPEST = 40
"""As many levels of an answer are shown; a session has six."""


def without_secrets(
    value: Any, conceal: Callable[[str], str], levels: int = _DEEPEST, *, is_secret: bool = False
) -> Any:
    """What a server answered, as JSON gives it, with no token and no key in it.

    Texts below a name such as `value` or `access_token` are hidden, whatever they look like. What
    is beyond so many levels, or is no number of JSON, is shown as a text.
    """
    if isinstance(value, Mapping | list) and levels == 0:
        return "…"
    if isinstance(value, Mapping):
        shown: dict[str, Any] = {}
        for name, inner in value.items():
            key = masked(conceal(name))
            while key in shown:  # of two names that are hidden, neither value is lost
                key += "…"
            shown[key] = without_secrets(
                inner, conceal, levels - 1, is_secret=is_secret or is_secret_name(name)
            )
        return shown
    if isinstance(value, list):
        return [without_secrets(one, conceal, levels - 1, is_secret=is_secret) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if not isinstance(value, str):
        return value
    return "…" if is_secret and value else masked(conceal(value))


def guarded(conceal: Callable[[str], str]) -> Callable[[str], str]:
    """As `conceal`, for an answer whose token was not found: what may be one is hidden, too."""
    return lambda text: _WORD.sub(lambda word: _unlikely(word[0]), conceal(text))


_WORD = re.compile(r"\S+")


def _unlikely(word: str) -> str:
    """The word, if it is too plain for a key or one of the API's own, such as a field's name."""
    return "…" if is_keylike(word) and worth_knowing([word]) else word
