"""The fleet of `benchmarks.fleet` once more, in the files of other tools.

Each says the same in its tool's own way, and as its users would: what inherits, what is laid over
it, what a prompt is made of. `super()` they do not have, so that the base's prompt has a name of
its own; nor does Hydra have selectors, so that its overlay is chosen by a group, the tier.
"""

from collections.abc import Iterable, Iterator

from benchmarks.fleet import ENVIRONMENTS, GOLD_SILENCE, Ward, ward

_BASE = """\
labels: {tier: silver}
prompts:
  base: Dictation, with medical terms.
body:
  input_audio_format: pcm16
  input_audio_transcription:
    model: gpt-4o-transcribe
    language: en
    prompt: ${prompts.base}
  input_audio_noise_reduction: {type: near_field}
  turn_detection:
    type: server_vad
    threshold: 0.5
    prefix_padding_ms: 300
    silence_duration_ms: 200
  client_secret: {expires_at: {anchor: created_at, seconds: 600}}
"""

_TELEPHONY = """\
body:
  input_audio_format: g711_ulaw
  input_audio_noise_reduction: null
"""

_WARD = """\
description: Ward {number} of the fleet
labels: {{team: team-{team}, tier: {tier}}}
vars: {{specialty: specialty-{number}, room: room-{room}}}
body:
  input_audio_transcription:
    language: "{language}"
    prompt: >-
      ${{prompts.base}} Ward {number}: expect words related to ${{vars.specialty}} in
      ${{vars.room}}, spoken in ${{vars.region}}.
  turn_detection:
    threshold: {threshold}
    silence_duration_ms: {silence}
  include: [item.input_audio_transcription.logprobs]
  client_secret: {{expires_at: {{seconds: {seconds}}}}}
"""

_GLOBAL = "# @package _global_\n"
_HYDRA_CONFIG = """\
defaults:
  - tier: silver
  - ward: ???
  - env: ???
  - optional overlay: ${env}-${tier}
  - _self_
"""


def omegaconf(wards: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Files for a program that loads and merges them with OmegaConf: path and text.

    `extends` and `overlay` mean something to that program only.
    """
    yield "base.yaml", _BASE
    yield "telephony.yaml", _TELEPHONY
    for name in ENVIRONMENTS:
        overlay = f"  - where: {{tier: gold}}\n    set: {_gold()}\n"
        yield f"environments/{name}.yaml", f"config: {_environment(name)}\noverlay:\n{overlay}"
    for one in map(ward, wards):
        text = f"extends: [{', '.join(one.bases)}]\n{_ward(one)}"
        yield f"wards/{one.name}.yaml", text


def hydra(wards: Iterable[int]) -> Iterator[tuple[str, str]]:
    """A folder of configurations for Hydra, with groups and defaults lists: path and text."""
    yield "config.yaml", _HYDRA_CONFIG
    yield "base.yaml", _GLOBAL + _BASE
    yield "telephony.yaml", _GLOBAL + _TELEPHONY
    for tier in ("silver", "gold"):
        yield f"tier/{tier}.yaml", f"{_GLOBAL}labels: {{tier: {tier}}}\n"
    for name in ENVIRONMENTS:
        yield f"env/{name}.yaml", f"{_GLOBAL}{_lines(_environment(name))}"
        yield f"overlay/{name}-gold.yaml", f"{_GLOBAL}{_lines(_gold())}"
    for one in map(ward, wards):
        bases = "".join(f"  - /{base}\n" for base in one.bases)
        defaults = f"defaults:\n{bases}  - _self_\n  - override /tier: {one.tier}\n"
        yield f"ward/{one.name}.yaml", _GLOBAL + defaults + _ward(one)


def _ward(one: Ward) -> str:
    return _WARD.format(**one._asdict())


def _environment(name: str) -> str:
    return f"{{env: {{name: {name}}}, vars: {{region: {name}}}}}"


def _gold() -> str:
    return f"{{body: {{turn_detection: {{silence_duration_ms: {GOLD_SILENCE}}}}}}}"


def _lines(flow: str) -> str:
    return f"{flow}\n"
