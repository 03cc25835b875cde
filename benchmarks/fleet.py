"""Makes projects of any size: a fleet of profiles such as a large team keeps."""

from collections.abc import Iterator
from pathlib import Path

ENVIRONMENTS = ("local", "staging", "production")

_PROJECT = "version: 1\n"

_BASE = """\
abstract: true
labels: {tier: silver}
session:
  input_audio_format: pcm16
  input_audio_transcription:
    model: gpt-4o-transcribe
    language: en
    prompt: Dictation, with medical terms.
  input_audio_noise_reduction: {type: near_field}
  turn_detection:
    type: server_vad
    threshold: 0.5
    prefix_padding_ms: 300
    silence_duration_ms: 200
expires_after: {seconds: 600}
"""

_TELEPHONY = """\
abstract: true
extends: base
session:
  input_audio_format: g711_ulaw
  input_audio_noise_reduction: null
"""

_PROFILE = """\
extends: {extends}
description: Ward {number} of the fleet
labels: {{team: team-{team}, tier: {tier}}}
vars: {{specialty: specialty-{number}, room: room-{room}}}
session:
  input_audio_transcription:
    language: {language}
    prompt: >-
      {{{{ super() }}}} Ward {number}: expect words related to {{{{ vars.specialty }}}} in
      {{{{ vars.room }}}}, spoken in {{{{ env.name }}}}.
  turn_detection:
    threshold: 0.{threshold}
    silence_duration_ms: {silence}
  include: {{$append: [item.input_audio_transcription.logprobs]}}
expires_after: {{seconds: {seconds}}}
"""

_ENVIRONMENT = """\
provider: {{kind: emulator{url}}}
mint: {{concurrency: {concurrency}}}
vars: {{region: {name}}}
overlay:
  - where: {{labels: {{tier: gold}}}}
    session: {{turn_detection: {{silence_duration_ms: 300}}}}
sinks:
  - {{kind: dotenv, path: .env.{name}}}
"""


def files(profiles: int, *, url: str = "", concurrency: int = 50) -> Iterator[tuple[str, str]]:
    """The files of a project with so many profiles in three environments: path and text.

    `url` is that of an emulator in another process; none starts one in the run's own.
    """
    yield "voxmint.yaml", _PROJECT
    yield ".gitignore", ".env.*\n.voxmint/\n"
    for name in ENVIRONMENTS:
        at = f", url: '{url}'" if url else ""
        text = _ENVIRONMENT.format(name=name, url=at, concurrency=concurrency)
        yield f"environments/{name}.yaml", text
    yield "profiles/base.yaml", _BASE
    yield "profiles/telephony.yaml", _TELEPHONY
    for number in range(profiles):
        yield f"profiles/wards/ward-{number:05}.yaml", _profile(number)


def _profile(number: int) -> str:
    return _PROFILE.format(
        extends="base" if number % 2 else "[base, telephony]",
        number=number,
        team=number % 17,
        tier="gold" if number % 5 == 0 else "silver",
        room=number % 100,
        language="de" if number % 3 else "no",
        threshold=number % 9 + 1,
        silence=200 + number % 300,
        seconds=600 + number % 100,
    )


def write(folder: Path, profiles: int, *, url: str = "", concurrency: int = 50) -> Path:
    """Writes such a project into a folder and returns the folder."""
    for path, text in files(profiles, url=url, concurrency=concurrency):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
