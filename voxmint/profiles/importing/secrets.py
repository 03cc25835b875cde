"""What is kept out of the profile, the screen and every message: keys, tokens and what may be one.

Two measures. What surely is a secret (`surely`) stops the import where it stands in a value. What
only may be one, such as Azure's 32 hexadecimal digits, is hidden wherever the pasted text is shown:
an excerpt loses little by that, and a key shown once is a key to be replaced.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from voxmint.problems import Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.fields import REQUEST, Field
from voxmint.profiles.models import TABLE
from voxmint.shown import looks_like_key, masked

_NAME = re.compile(
    r"(?i)(?:^value$|key$|token|secret|authorization|password|passwd|credential|cookie|^pass$)"
)
_NAMED = r"""(?ix)
    ["']?\b(?:value|[\w-]{0,60}key|[\w-]{0,60}token|[\w-]{0,60}secret|[\w-]{0,60}authorization|password|credentials?)
    \\?["']?\s*[:=]\s*(?:bearer\s+|basic\s+)?
"""
_AFTER_NAME = re.compile(
    _NAMED
    + r"""(?!(?:null|true|false)\b)
    (?P<secret>(?=[^\n"'\\,{}\[\]]{4})\S[^\n"'\\,{}\[\]]*)"""
)
_QUOTED_AFTER_NAME = re.compile(
    _NAMED
    + r"""(?P<quote>\\?["'])(?:bearer\s+|basic\s+)?
    (?P<secret>(?:(?!(?P=quote))[^\n] | (?<=\\)["']){4,})"""
)
_LIKELY = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9+/_=-])
    (?: (?=[A-Za-z+/_=]*[0-9])(?=[0-9+/_=]*[A-Za-z]) [A-Za-z0-9+/_=]{24,}
      | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12} )
    """
)
_KEYLIKE = re.compile(r"(?=\S*[0-9])(?=\S*[A-Za-z])\S{8,}|\S{24,}")
_SHORTEST = 6
HIDDEN = "*"
"""What stands for each hidden character, so that columns stay what they are."""


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name, of a header or a key, is a secret."""
    return _NAME.search(name) is not None


def is_keylike(text: str) -> bool:
    """Whether a text may be a key, of which no name says what it is: no word of a language is."""
    return _KEYLIKE.fullmatch(text) is not None


def likely(text: str) -> list[str]:
    """All in a text that has the length and signs of a key, and as a rule is nothing else."""
    found = [one[0] for one in _LIKELY.finditer(text)]
    # A slash is a sign of base64, and of a path: there a key may be one step.
    steps = [step for one in found for step in one.split("/") if _LIKELY.fullmatch(step)]
    return [*found, *steps]


def surely(text: str, known: Iterable[str]) -> bool:
    """Whether the text holds a key or token, by its form or because it is a known one."""
    return looks_like_key(text) or any(secret in text for secret in known)


def worth_knowing(texts: Iterable[str]) -> frozenset[str]:
    """The texts to be looked for elsewhere: long enough, and no words of the API itself."""
    return frozenset(
        text for text in texts if len(text) >= _SHORTEST and text.lower() not in _own_words()
    )


@cache
def _own_words() -> str:
    """The words that a body has anyway: whoever takes one of them for a password keeps none."""
    names = (name for form in FORMS.values() for keys in form.around.values() for name in keys)
    return "\n".join((*names, *_words_of(REQUEST), *TABLE, *_CONSTANTS)).lower()


_CONSTANTS = ("transcription", "created_at", "realtime.transcription_session")


def _words_of(field: Field) -> Iterator[str]:
    yield from (field.name, *field.values, *field.known)
    for inner in field.fields:
        yield from _words_of(inner)


def hidden(text: str, known: Iterable[str]) -> str:
    """The text with all that is or may be a secret hidden, character by character."""
    for pattern in (_QUOTED_AFTER_NAME, _AFTER_NAME, _LIKELY):
        text = pattern.sub(_starred, text)
    for secret in known:
        text = text.replace(secret, HIDDEN * len(secret))
    return text


def _starred(found: re.Match[str]) -> str:
    if "secret" not in found.re.groupindex:
        return HIDDEN * len(found[0])
    start = found.start("secret") - found.start()
    return found[0][:start] + HIDDEN * len(found["secret"])


def scrubbed(problem: Problem, known: Iterable[str]) -> Problem:
    """The problem without a secret in its facts and path."""
    facts = {name: _scrubbed_fact(fact, known) for name, fact in problem.facts.items()}
    path = problem.path and masked(_cut(problem.path, known))
    return problem._replace(facts=facts, path=path)


def _scrubbed_fact(fact: object, known: Iterable[str]) -> object:
    return masked(_cut(fact, known)) if isinstance(fact, str) else fact


def _cut(text: str, known: Iterable[str]) -> str:
    """As `hidden`, without telling how long it is."""
    for secret in known:
        text = text.replace(secret, "…")
    return _LIKELY.sub("…", text)
