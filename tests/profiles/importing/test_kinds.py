"""Every kind of problem of a pasted text: what provokes it, and exactly what is said then."""

from collections.abc import Sequence

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.profiles.importing.pasting import read
from voxmint.problems import Kind, Problem
from voxmint.profiles.importing import wording

KINDS: dict[str, Kind] = {kind.code: kind for kind in wording.KINDS}

ADDRESS = "https://api.openai.com/v1/realtime/client_secrets"
MODEL = '{"session": {"audio": {"input": {"transcription": {"model": "gpt-transcribe"%s}}}}}'

CASES: dict[str, Sequence[str]] = {
    "not-a-body": [
        "hello",
        "[1]",
        "# nothing\n",
        '{"value": "ek_0123456789abcdef", "expires_at": 1756310470}',
        '{"type": "session.update", "session": {"type": "transcription"}}',
        '{"type": "input_audio_buffer.commit"}',
    ],
    "bad-json": [
        # A body on its own is read as YAML too, which takes the first three.
        "curl a -d '{\"include\": [],}'",
        "curl a -d '{\"include\": yes}'",
        'curl a -d \'{"include": ["a\nb"]}\'',
        '{"include": [1, 2}',
        '{\n  "turn_detection": {\n    "type": "server_vad"\n',
    ],
    "unknown-body": [
        '{"audio": {"input": {}}}',
        '{"turn_detektion": null}',
        '{"zzz": 1}',
    ],
    "mixed-body": [
        '{"session": {"turn_detection": null}}',
        '{"session": {}, "modalities": ["text"]}',
        '{"input_audio_format": "pcm16", "expires_after": {"seconds": 60}}',
    ],
    "answer-pasted": [
        '{"value": "ek_0123456789abcdef", "expires_at": 1756310470, "session": {"id": "sess_1"}}',
        '{"id": "sess_1", "client_secret": null, "include": null, "turn_detection": null}',
    ],
    "key-in-body": [
        MODEL % ', "prompt": "sk-proj-0123456789abcdef"',
        f"curl {ADDRESS} -H 'Authorization: Bearer hunter22' -d '{MODEL}'"
        % ', "prompt": "hunter22"',
    ],
    "key-in-command": [
        f"curl {ADDRESS} -H 'Authorization: Bearer hunter22' -d '{MODEL % ''}'",
        f"curl '{ADDRESS}?sig=hunter22' -d '{MODEL % ''}'",
    ],
    "bad-command": [
        "curl https://host \n  -d '{}'",
        "curl -d '{}' a --next -d '{}' b",
        "curl https://host",
        "curl -d '{}",
        "x=$(curl https://host -d '{}')",
    ],
    "body-elsewhere": ["curl -d @body.json https://host", "curl --json @- https://host"],
    "shell-expansion": [
        f'curl {ADDRESS} -d "{{\\"include\\": $INCLUDE}}"',
        f'curl {ADDRESS} ^\n -d "{{\\"include\\": %INCLUDE%}}"',
    ],
    "unknown-option": [
        f"curl --datta x {ADDRESS} -d '{MODEL % ''}'",
        f"curl --zzz {ADDRESS} -d '{MODEL % ''}'",
        f"curl -s§ {ADDRESS} -d '{MODEL % ''}'",
    ],
    "other-endpoint": [f"curl {ADDRESS} -d '{{\"turn_detection\": null}}'"],
}


def provoked(code: str) -> list[list[Problem]]:
    """Of each case, the problems of this code."""
    return [[one for one in read(text).problems if one.code == code] for text in CASES[code]]


def lines(problem: Problem) -> list[str]:
    return [
        f"{problem.severity} {problem.at} {problem.message}",
        *([f"  hint {problem.hint}"] if problem.hint else []),
        *([f"  path {problem.path}"] if problem.path else []),
        *(f"  see {related.at} {related.message}" for related in problem.related),
    ]


@pytest.mark.parametrize("code", CASES)
def test_each_kind_says_what_is_wrong(code: str, snapshot: SnapshotAssertion) -> None:
    found = provoked(code)
    assert all(found), "each case provokes the kind"
    assert [[lines(problem) for problem in problems] for problems in found] == snapshot


@pytest.mark.parametrize("code", CASES)
def test_an_error_gives_no_request_and_a_warning_does(code: str) -> None:
    for text in CASES[code]:
        imported = read(text)
        has_errors = any(problem.is_error for problem in imported.problems)
        assert (imported.request is None) is has_errors


def test_each_kind_is_provoked_with_each_of_its_hints() -> None:
    assert set(CASES) == set(KINDS)
    given = {code: [one.hint for found in provoked(code) for one in found] for code in KINDS}
    unsaid = [
        (code, hint)
        for code, kind in KINDS.items()
        for hint in kind.hints
        if not any(is_of(said, hint) for said in given[code])
    ]
    assert unsaid == []


def is_of(said: str | None, hint: str) -> bool:
    """Whether a hint was said: what stands before its first fact, and after its last."""
    before, after = hint.partition("{")[0], hint.rpartition("}")[2]
    return said is not None and said.startswith(before) and said.endswith(after)
