#!/usr/bin/env python3
"""Opens a session with every token in its environment, and shows what the server says it is.

    python3 app.py [URL]

It stands for the program that a team runs under the env file that `voxmint mint` wrote. A real one
would connect to the service's WebSocket with its token; this one spends it at the emulator's own
route, `POST URL/emulator/sessions`. URL is what `voxmint emulator` prints first, by default
`VOXMINT_EMULATOR_URL`. Nothing but Python's standard library; no token is ever printed.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SUFFIX = "_CLIENT_SECRET"
HEADINGS = ("profile", "model", "language", "format", "noise", "turn detection", "expires in")


class RefusedError(Exception):
    """The server did not open the session; the text says why."""


class Session(NamedTuple):
    """What the server says of a session, whichever endpoint minted its token."""

    transcription: Mapping[str, Any]
    audio_format: str
    noise_reduction: Mapping[str, Any] | None
    turn_detection: Mapping[str, Any] | None
    expires_at: int


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Prints the table; 0 when every session was opened."""
    url = arguments[0] if arguments else environment.get("VOXMINT_EMULATOR_URL", "")
    tokens = dict(tokens_in(environment))
    if not url or not tokens:
        missing = f"variable that ends in {SUFFIX}" if url else "URL of an emulator"
        print(f"app.py: there is no {missing}", file=sys.stderr)
        return 64
    rows: list[tuple[str, ...]] = [HEADINGS]
    for name, token in tokens.items():
        try:
            rows.append((name, *columns(opened(url, token))))
        except RefusedError as refused:
            print(f"app.py: {name}: {refused}", file=sys.stderr)
    if len(rows) > 1:
        print(table(rows), end="\n\n")
    print(f"{len(rows) - 1} of {len(tokens)} sessions opened")
    return 0 if len(rows) > len(tokens) else 1


def tokens_in(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each profile's name, as variables have it, with its token."""
    for variable, value in sorted(environment.items()):
        if variable.endswith(SUFFIX):
            yield variable.removesuffix(SUFFIX), value


def opened(url: str, token: str) -> Session:
    """The session that a token opens; `RefusedError` where it opens none."""
    try:
        status, answer = answered(url, token)
        if status == 200:
            return read(answer["session"], answer["token_expires_at"])
        raise RefusedError(f"{status} {answer['error']['message']}")
    except (OSError, HTTPException) as error:
        raise RefusedError(f"no answer from {url}: {error}") from None
    except (ValueError, LookupError, TypeError):
        raise RefusedError(f"{url} does not answer like an emulator") from None


def answered(url: str, token: str) -> tuple[int, Any]:
    """The status and the content of the answer to one token."""
    parts = urlsplit(url)
    # Not urllib: it would send the token through a proxy, or after a redirect.
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("POST", f"{parts.path}/emulator/sessions", headers=headers)
        response = connection.getresponse()
        return response.status, json.load(response)
    finally:
        connection.close()


def read(session: Mapping[str, Any], expires_at: int) -> Session:
    """The session of an answer: nested from client_secrets, flat from transcription_sessions."""
    if "audio" in session:
        audio = session["audio"]["input"]
        return Session(
            audio["transcription"],
            audio["format"]["type"],
            audio["noise_reduction"],
            audio["turn_detection"],
            expires_at,
        )
    return Session(
        session["input_audio_transcription"],
        session["input_audio_format"],
        session.get("input_audio_noise_reduction"),
        session["turn_detection"],
        expires_at,
    )


def columns(session: Session) -> tuple[str, ...]:
    """What the table says of a session, in the order of its headings after the first."""
    transcription = session.transcription
    languages = transcription.get("languages") or [transcription["language"] or "detected"]
    return (
        transcription["model"],
        ", ".join(languages),
        session.audio_format,
        (session.noise_reduction or {}).get("type", "off"),
        detection(session.turn_detection),
        f"{session.expires_at - time.time():.0f} s",
    )


def detection(settings: Mapping[str, Any] | None) -> str:
    """Turn detection in a few words: `off`, or its type and what it goes by."""
    if settings is None:
        return "off"
    if settings["type"] == "semantic_vad":
        return f"semantic_vad, {settings['eagerness']}"
    return f"{settings['type']} {settings['threshold']}, {settings['silence_duration_ms']} ms"


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of texts, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(padded)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
