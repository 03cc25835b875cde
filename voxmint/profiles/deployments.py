"""The deployments that an environment maps models to: on Azure, what is sent in a model's place.

Looked up in the merged cells of the provider's settings, so that the place is known too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from voxmint.origin import Origin, Path
from voxmint.problems import Problem, Related, nearest
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Leaf, MapCell, find, key_origin, origin
from voxmint.profiles.compiled import CompiledBody, CompiledEnvironment
from voxmint.profiles.models import model_of

MODEL: Path = ("session", "input_audio_transcription", "model")
"""Where a profile names its model."""

_AZURE = "azure"
_SHOWN = 3
"""How many of the places that ask for a model are shown."""


def deployment_of(provider: Cell | None, model: object) -> Leaf | None:
    """What the provider is sent for a model; `None` where that is the model's own name."""
    return _mapped(provider).get(model) if isinstance(model, str) else None


def undeployed(
    bodies: Iterable[CompiledBody], environments: Mapping[str, CompiledEnvironment]
) -> Iterator[Problem]:
    """A warning for each model that an Azure resource would be sent by its own name.

    What is missing is missing once, in the environment, however many profiles ask for the model.
    """
    on_azure = {
        name: one.provider_cell
        for name, one in environments.items()
        if _is_azure(one.provider_cell)
    }
    found: dict[tuple[Origin, str], list[CompiledBody]] = {}
    for body in bodies if on_azure else ():
        if body.environment not in on_azure:
            continue
        provider, model = on_azure[body.environment], _model(body)
        if isinstance(model, str) and _is_lacking(provider, model):
            found.setdefault((_place(provider), model), []).append(body)
    for (place, model), askers in found.items():
        yield _problem(place, model, askers, environments[askers[0].environment].provider_cell)


def _is_azure(provider: Cell | None) -> bool:
    kind = find(provider, ("kind",))
    return isinstance(kind, Leaf) and kind.value == _AZURE


def _is_lacking(provider: Cell | None, model: str) -> bool:
    """Whether this is a model without a deployment, and not itself the name of one."""
    mapped = _mapped(provider)
    if model in mapped:
        return False
    named = {one.value for one in mapped.values()}
    return model_of(model) is not None or bool(named and model not in named)


def _place(provider: Cell | None) -> Origin:
    """Where the deployments are mapped, or that it is azure, where they are not."""
    settings = find(provider, ("deployments",))
    if isinstance(settings, MapCell) and settings.entries:
        return key_origin(settings)
    kind = find(provider, ("kind",))
    if kind is None:
        raise ValueError("the provider has no kind")
    return origin(kind)


def _problem(
    place: Origin, model: str, askers: Sequence[CompiledBody], provider: Cell | None
) -> Problem:
    written = (find(body.root, MODEL) for body in askers)
    places = dict.fromkeys(origin(cell) for cell in written if cell is not None)
    return Problem(
        wording.MODEL_NOT_DEPLOYED,
        place,
        {"model": model, **nearest(model, _mistakable(provider, model))},
        tuple(Related(one, "a profile asks for it") for one in islice(places, _SHOWN)),
        affects=tuple((body.profile, body.environment) for body in askers),
    )


def _mistakable(provider: Cell | None, model: str) -> list[str]:
    """The mapped names that may be this model's misspelt: two known models are two models."""
    is_known = model_of(model) is not None
    return [name for name in _mapped(provider) if not (is_known and model_of(name))]


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
