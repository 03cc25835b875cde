"""What is kept out of the profile, the screen and every message: keys, tokens and what may be one.

Two measures. What surely is a secret (`surely`) stops the import where it stands in a value. What
only may be one, such as Azure's 32 hexadecimal digits, is hidden wherever the pasted text is shown:
an excerpt loses little by that, and a key shown once is a key to be replaced.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from voxmint.problems import Problem
from voxmint.shown import looks_like_key, masked

_NAME = re.compile(
    r"(?i)(?:^value$|key$|token|secret|authorization|password|passwd|credential|cookie|^pass$)"
)
_AFTER_NAME = re.compile(
    r"""(?ix)
    ["']?\b(?:value|[\w-]*key|[\w-]*token|[\w-]*secret|[\w-]*authorization|password|credentials?)
    \\?["']?\s*[:=]\s*(?:bearer\s+|basic\s+)?(?:\\?["'])?
    (?P<secret>[^\s"'\\,{}\[\]]{4,})
    """
)
_LIKELY = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9+/_=-])
    (?: (?=[A-Za-z+/_=]*[0-9])(?=[0-9+/_=]*[A-Za-z]) [A-Za-z0-9+/_=]{24,}
      | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12} )
    """
)
_SHORTEST = 6
HIDDEN = "*"
"""What stands for each hidden character, so that columns stay what they are."""


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name, of a header or a key, is a secret."""
    return _NAME.search(name) is not None


def surely(text: str, known: Iterable[str]) -> bool:
    """Whether the text holds a key or token, by its form or because it is a known one."""
    return looks_like_key(text) or any(secret in text for secret in known)


def worth_knowing(texts: Iterable[str]) -> frozenset[str]:
    """The texts that are long enough to be looked for elsewhere."""
    return frozenset(text for text in texts if len(text) >= _SHORTEST)


def hidden(text: str, known: Iterable[str]) -> str:
    """The text with all that is or may be a secret hidden, character by character."""
    for pattern in (_AFTER_NAME, _LIKELY):
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
    return replace(problem, facts=facts, path=path)


def _scrubbed_fact(fact: object, known: Iterable[str]) -> object:
    return masked(_cut(fact, known)) if isinstance(fact, str) else fact


def _cut(text: str, known: Iterable[str]) -> str:
    """As `hidden`, without telling how long it is."""
    for secret in known:
        text = text.replace(secret, "…")
    return _LIKELY.sub("…", text)


def in_headers(headers: Mapping[str, str]) -> frozenset[str]:
    """The secrets in headers whose names say so: without `Bearer` and its like."""
    values = (value for name, value in headers.items() if is_secret_name(name))
    return worth_knowing(part for value in values for part in value.split())
