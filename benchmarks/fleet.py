"""Makes projects of any size: a fleet of profiles such as a large team keeps.

Nothing is wrong with it, and nothing in it is without effect: `validate` says that all is well.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ENVIRONMENTS = ("local", "staging", "production")
GOLD_SILENCE = 300
"""What an overlay sets for the gold tier, in milliseconds."""

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
labels: {{team: team-{team}{gold}}}
vars: {{specialty: specialty-{number}, room: room-{room}}}
session:
  input_audio_transcription:
    language: {language}
    prompt: >-
      {{{{ super() }}}} Ward {number}: expect words related to {{{{ vars.specialty }}}} in
      {{{{ vars.room }}}}, spoken in {{{{ vars.region }}}}.
  turn_detection:
    threshold: {threshold}
    silence_duration_ms: {silence}
  include: {{$append: [item.input_audio_transcription.logprobs]}}
expires_after: {{seconds: {seconds}}}
"""

_ENVIRONMENT = """\
provider: {{kind: emulator{url}}}
mint: {{concurrency: {concurrency}{limit}}}
vars: {{region: {name}}}
overlay:
  - where: {{labels: {{tier: gold}}}}
    session: {{turn_detection: {{silence_duration_ms: {silence}}}}}
sinks:
  - {{kind: dotenv, path: .env.{name}}}
"""


class Ward(NamedTuple):
    """What is particular to one profile of the fleet, by its number."""

    number: int
    bases: tuple[str, ...]
    team: int
    tier: str
    room: int
    language: str
    threshold: str
    silence: int
    seconds: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"ward-{self.number:05}"


def ward(number: int) -> Ward:
    """The ward of a number, always the same."""
    return Ward(
        number,
        bases=("base",) if number % 2 else ("base", "telephony"),
        team=number % 17,
        tier="gold" if number % 5 == 0 else "silver",
        room=number % 100,
        language="de" if number % 3 else "no",
        threshold=f"0.{number % 4 + 6}",
        silence=201 + number % 300,
        seconds=601 + number % 100,
    )


def files(
    wards: Iterable[int],
    environments: Sequence[str] = ENVIRONMENTS,
    *,
    url: str = "",
    concurrency: int = 50,
    limit: tuple[int, int] | None = None,
) -> Iterator[tuple[str, str]]:
    """The files of a project with these wards in these environments: path and text.

    `url` is that of an emulator in another process; none starts one in the run's own. `limit` is
    how many requests a minute may leave, and how many at once.
    """
    yield "voxmint.yaml", _PROJECT
    yield ".gitignore", ".env.*\n.voxmint/\n"
    for name in environments:
        at = f", url: '{url}'" if url else ""
        pace = ", requests_per_minute: {}, burst: {}".format(*limit) if limit else ""
        text = _ENVIRONMENT.format(
            name=name, url=at, concurrency=concurrency, limit=pace, silence=GOLD_SILENCE
        )
        yield f"environments/{name}.yaml", text
    yield "profiles/base.yaml", _BASE
    yield "profiles/telephony.yaml", _TELEPHONY
    for number in wards:
        one = ward(number)
        yield f"profiles/wards/{one.name}.yaml", _profile(one)


def _profile(one: Ward) -> str:
    extends = one.bases[0] if len(one.bases) == 1 else f"[{', '.join(one.bases)}]"
    gold = ", tier: gold" if one.tier == "gold" else ""  # the base says silver
    return _PROFILE.format(extends=extends, gold=gold, **one._asdict())


def write(folder: Path, given: Iterable[tuple[str, str]]) -> Path:
    """Writes files into a folder and returns the folder."""
    for path, text in given:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
