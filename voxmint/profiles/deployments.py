"""The deployments that an environment maps models to: on Azure, what is sent in a model's place.

Looked up in the merged cells of the provider's settings, so that the place is known too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voxmint.origin import Path
from voxmint.problems import Problem, Related, nearest
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Leaf, MapCell, find, key_origin, origin
from voxmint.profiles.compiled import CompiledBody, CompiledEnvironment
from voxmint.profiles.models import model_of

MODEL: Path = ("session", "input_audio_transcription", "model")
"""Where a profile names its model."""

_AZURE = "azure"


def deployment_of(provider: Cell | None, model: object) -> Leaf | None:
    """What the provider is sent for a model; `None` where that is the model's own name."""
    return _mapped(provider).get(model) if isinstance(model, str) else None


def undeployed(
    bodies: Iterable[CompiledBody], environments: Mapping[str, CompiledEnvironment]
) -> Iterator[Problem]:
    """A warning for each model that an Azure resource would be sent by its own name."""
    for body in bodies:
        provider = environments[body.environment].provider_cell
        kind = find(provider, ("kind",))
        if isinstance(kind, Leaf) and kind.value == _AZURE:
            yield from _undeployed(body, provider, kind)


def _undeployed(body: CompiledBody, provider: Cell | None, kind: Leaf) -> Iterator[Problem]:
    model, mapped = _model(body), _mapped(provider)
    if not isinstance(model, str) or model in mapped:
        return
    is_deployment = model_of(model) is None and (
        not mapped or any(one.value == model for one in mapped.values())
    )
    written = find(body.root, MODEL)
    if is_deployment or written is None:
        return
    settings = find(provider, ("deployments",))
    place = key_origin(settings) if mapped and settings else origin(kind)
    said = "the deployments that are mapped" if mapped else "azure is sent names of deployments"
    facts = {"model": model, **nearest(model, mapped)}
    yield Problem(
        wording.MODEL_NOT_DEPLOYED,
        origin(written),
        facts,
        (Related(place, said),),
        ".".join(map(str, MODEL[1:])),
        ((body.profile, body.environment),),
    )


def _model(body: CompiledBody) -> Any:
    transcription = body.session.get("input_audio_transcription")
    return transcription.get("model") if isinstance(transcription, Mapping) else None


def _mapped(provider: Cell | None) -> dict[str, Leaf]:
    """The deployments by their models."""
    settings = find(provider, ("deployments",))
    if not isinstance(settings, MapCell):
        return {}
    return {
        name: cell
        for name, cell in settings.entries.items()
        if isinstance(cell, Leaf) and isinstance(cell.value, str)
    }
