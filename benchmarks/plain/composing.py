"""The whole flow: files in, bodies out."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from benchmarks.plain.documents import Environment, Layer, Profile, environment_of, profile_of
from benchmarks.plain.merging import Merger
from benchmarks.plain.reading import read
from benchmarks.plain.rendering import Renderer, Shared
from voxmint.problems import Severity
from voxmint.profiles import wording
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.endpoints import asked_api
from voxmint.profiles.lineage import Lineages
from voxmint.profiles.plain_settings import is_plain_mint, is_plain_provider
from voxmint.profiles.reader import MAX_BYTES
from voxmint.profiles.selectors import selects
from voxmint.profiles.source import Source
from voxmint.profiles.templates.template import View
from voxmint.profiles.validate import Validator


@dataclass(frozen=True, slots=True)
class Composed:
    """The request of one profile in one environment, as the compiler gives it but for places."""

    profile: str
    environment: str
    api: str
    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    body: Mapping[str, Any]


Bodies = dict[tuple[str, str], Composed]


class _Family(NamedTuple):
    """A profile with its lineage, the remotest base first, and its merged labels."""

    document: Profile
    lineage: tuple[Profile, ...]
    labels: Mapping[str, Any]
    view: View


def compose(source: Source) -> Bodies:
    """The bodies of a project whose folders have their usual names, by profile and environment.

    The garbage collector is paused, as in a compile. `ValueError` where the project is wrong.
    """
    gc.disable()
    bodies = _compose(source)
    gc.freeze()
    gc.unfreeze()
    gc.enable()
    return bodies


def _compose(source: Source) -> Bodies:
    read(source.read("voxmint.yaml", MAX_BYTES))
    roots = dict(_roots(source, "environments"))
    environments = {name: environment_of(name, file, root) for (name, file), root in roots.items()}
    roots = dict(_roots(source, "profiles"))
    profiles = {name: profile_of(name, file, root) for (name, file), root in roots.items()}
    families = _families(profiles)
    composer = _Composer(families)
    lineages = Lineages(environments, tuple(environments), wording.UNKNOWN_ENVIRONMENT)
    bodies: Bodies = {}
    for name in sorted(environments):
        names = lineages.of(name)
        if names is None:
            raise ValueError(f"the lineage of {name}")
        lineage = tuple(environments[one] for one in names)
        if not lineage[-1].abstract:
            bodies.update(composer.bodies_in(lineage))
    return bodies


def _roots(source: Source, folder: str) -> Iterator[tuple[tuple[str, str], Any]]:
    for file in source.listing(folder).whole:
        name = str(PurePosixPath(file).relative_to(folder).with_suffix(""))
        yield (name, file), read(source.read(file, MAX_BYTES))


def _families(profiles: Mapping[str, Profile]) -> dict[str, _Family]:
    lineages = Lineages(profiles, tuple(profiles), wording.UNKNOWN_PROFILE)
    merger = Merger()
    families: dict[str, _Family] = {}
    for name in sorted(profiles):
        names = lineages.of(name)
        if names is None:
            raise ValueError(f"the lineage of {name}")
        lineage = tuple(profiles[one] for one in names)
        labels = merger.fold([one.labels for one in lineage])
        families[name] = _Family(lineage[-1], lineage, labels, _about(lineage[-1], labels))
    return families


def _about(profile: Profile, labels: Mapping[str, Any]) -> View:
    inner = View("profile.labels", labels.keys, labels.__getitem__)
    about = {"name": profile.name, "description": profile.description, "labels": inner}
    return View("profile", about.keys, about.__getitem__)


class _Composer:
    def __init__(self, families: Mapping[str, _Family]) -> None:
        self._families = families
        self._merger = Merger()
        self._shared = Shared()
        self._validator = Validator()

    def bodies_in(self, lineage: Sequence[Environment]) -> Bodies:
        """The bodies of one environment, given with its bases."""
        api = _checked_api(lineage)
        form = FORMS[api]
        name = lineage[-1].name
        about = {"name": name}
        env = View("env", about.keys, about.__getitem__)
        bodies: Bodies = {}
        for family in self._families.values():
            profile = family.document
            if profile.abstract or not selects(lineage[-1].profiles, profile.name):
                continue
            merged = self._merger.fold(list(_layers(family, lineage)))
            renderer = Renderer(merged, env, family.view, self._shared)
            session = renderer.session(merged.get("session", {}))
            lifetime = renderer.lifetime(merged.get("expires_after"))
            found = self._validator.findings(session, lifetime, form.name)
            if any(one.kind.severity is Severity.ERROR for one in found):
                raise ValueError(f"{profile.name} in {name}: {found}")
            body = form.build(session, lifetime)
            bodies[profile.name, name] = Composed(profile.name, name, api, session, lifetime, body)
        return bodies


def _layers(family: _Family, environments: Sequence[Environment]) -> Iterator[Layer]:
    """The layers of one body, in the order of `voxmint.profiles.precedence`."""
    yield from (base.layer for base in family.lineage)
    yield from (environment.layer for environment in environments)
    items = (item for environment in environments for item in environment.overlay)
    for where, layer in items:
        if where.fits(family.document.name, family.labels):
            yield layer
    for blocks in (base.blocks for base in family.lineage if base.blocks):
        yield from (blocks[one.name] for one in environments if one.name in blocks)


def _checked_api(lineage: Sequence[Environment]) -> str:
    """The endpoint that an environment asks, its settings checked as the compiler checks them."""
    merger = Merger()
    provider = merger.fold([environment.provider for environment in lineage])
    mint = merger.fold([environment.mint for environment in lineage])
    if not (is_plain_provider(provider) and is_plain_mint(mint)):
        from voxmint.profiles.settings import Mint, Provider  # as late as the compiler does it

        Provider.model_validate(provider)
        Mint.model_validate(mint)
    api = asked_api(provider)
    if api is None:
        raise ValueError("no endpoint")
    return api
