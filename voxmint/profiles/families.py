"""The stage of lineages: who extends whom, and what is merged over that besides sessions.

Labels and the settings of environments are merged here. Settings are checked by a library that is
slow to import, so those that are right at a glance are left until somebody asks for them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from voxmint.origin import Origin
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, MapCell, value_of
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.directives import has_directives
from voxmint.profiles.documents import Environment, Profile
from voxmint.profiles.endpoints import asked_api
from voxmint.profiles.lineage import Lineages
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.plain_settings import is_plain_mint, is_plain_provider
from voxmint.profiles.reading import Sources
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import selected
from voxmint.profiles.stages import Documents, Families, Problems
from voxmint.profiles.unmatched import unmatched_patterns

if TYPE_CHECKING:
    from voxmint.profiles.settings import Mint, Provider


def trace(sources: Sources, documents: Documents, with_settings: bool = True) -> Families:
    """Finds every lineage, and merges what lineages merge besides sessions: labels, settings."""
    lineages = Lineages(documents.profiles, sources.profile_names, wording.UNKNOWN_PROFILE)
    profiles: dict[str, CompiledProfile] = {}
    merger = Merger()
    inherited: dict[tuple[Profile, ...], Cell | None] = {}
    for name in sorted(documents.profiles):
        names = lineages.of(name)
        if names is not None:
            lineage = tuple(documents.profiles[one] for one in names)
            profiles[name] = CompiledProfile(
                lineage[-1], lineage, _labels(lineage, merger, inherited)
            )
    environments, problems = _environments(sources, documents, profiles, merger, with_settings)
    problems = [*lineages.problems, *merger.problems, *problems]
    is_whole = sources.profile_names.are_all_in(profiles)
    is_whole = is_whole and sources.environment_names.are_all_in(environments)
    if sources.is_complete:
        problems += _idle_patterns(environments.values(), profiles, sources.profile_names)
        problems += _idle_directives(merger, profiles, environments)
    problems += _unknown_blocks(documents.profiles, sources.environment_names)
    return Families(profiles, environments, tuple(problems), is_whole)


def _idle_patterns(
    environments: Iterable[CompiledEnvironment],
    profiles: Mapping[str, CompiledProfile],
    names: Roster,
) -> Iterator[Problem]:
    """Patterns of environments that are for no profile, where the names of all are known."""
    lost = [name for name in names if name not in profiles]
    for environment in environments if not names.hidden else ():
        yield from unmatched_patterns(environment.document, profiles, lost)


def _idle_directives(
    merger: Merger,
    profiles: Mapping[str, CompiledProfile],
    environments: Mapping[str, CompiledEnvironment],
) -> Iterator[Problem]:
    """Directives in labels and settings that change nothing, where all below them is known."""
    idle = merger.idle_directives()
    if not idle:
        return
    unsure: set[str] = set()
    for profile in profiles.values():
        if any(one.layer.incomplete for one in profile.lineage):
            unsure.update(one.file for one in profile.lineage)
    for environment in environments.values():
        if any(one.incomplete for one in environment.lineage):
            unsure.update(one.file for one in environment.lineage)
    yield from (one for one in idle if one.at is not None and one.at.file not in unsure)


def _labels(
    lineage: tuple[Profile, ...],
    merger: Merger,
    inherited: dict[tuple[Profile, ...], Cell | None],
) -> Mapping[str, Any]:
    """The labels, merged; those of bases are merged once for all that extend the same."""
    *bases, profile = lineage
    above = tuple(bases)
    if above not in inherited:
        cell = None
        for base in bases:
            cell = _with_labels(cell, base, merger)
        inherited[above] = cell
    cell = _with_labels(inherited[above], profile, merger)
    return _plain(cell) if isinstance(cell, MapCell) else {}


def _with_labels(cell: Cell | None, profile: Profile, merger: Merger) -> Cell | None:
    labels = profile.labels
    if labels is None:
        return cell
    if cell is None and not has_directives(labels):
        # No labels are as good as an empty map of them: what is unset in it is there by no means.
        cell = MapCell({}, labels.mark, None, profile.layer, None)
    return merger.lay(cell, labels, profile.layer, None)


def _environments(
    sources: Sources,
    documents: Documents,
    profiles: Mapping[str, CompiledProfile],
    merger: Merger,
    with_settings: bool,
) -> tuple[dict[str, CompiledEnvironment], list[Problem]]:
    lineages = Lineages(
        documents.environments, sources.environment_names, wording.UNKNOWN_ENVIRONMENT
    )
    concrete = tuple(name for name, one in profiles.items() if not one.document.abstract)
    found: dict[str, CompiledEnvironment] = {}
    problems: list[Problem] = []
    for name in sorted(documents.environments):
        names = lineages.of(name)
        if names is not None:
            lineage = tuple(documents.environments[one] for one in names)
            found[name], own = _environment(lineage, concrete, merger, with_settings)
            problems += own
    return found, [*lineages.problems, *problems]


def _environment(
    lineage: tuple[Environment, ...],
    concrete: tuple[str, ...],
    merger: Merger,
    with_settings: bool,
) -> tuple[CompiledEnvironment, Problems]:
    document = lineage[-1]
    provider_cell = _setting(merger, lineage, "provider")
    mint_cell = _setting(merger, lineage, "mint")
    api = None if provider_cell is None else asked_api(_plain(provider_cell))
    needed = with_settings or api is None
    settings, problems = (
        _settings(document, provider_cell, mint_cell) if needed else (_no_settings, ())
    )
    names = [one.profiles for one in lineage if one.profiles is not None]
    patterns = [reference.name for reference in names[-1]] if names else ["*"]
    chosen = () if document.abstract else selected(patterns, concrete)
    environment = CompiledEnvironment(
        document, lineage, api, provider_cell, tuple(chosen), settings
    )
    return environment, problems


def _plain(cell: Cell) -> Mapping[str, object]:
    value = value_of(cell)
    return value if isinstance(value, dict) else {}


def _no_settings() -> tuple[None, None]:
    return None, None


def _settings(
    environment: Environment, provider_cell: Cell | None, mint_cell: Cell | None
) -> tuple[Callable[[], tuple["Provider | None", "Mint | None"]], Problems]:
    """What gives the settings, and what is wrong with them; those right at a glance wait."""

    @cache
    def checked() -> tuple["Provider | None", "Mint | None", Problems]:
        return _checked_settings(environment, provider_cell, mint_cell)

    def settings() -> tuple["Provider | None", "Mint | None"]:
        provider, mint, _ = checked()
        return provider, mint

    is_plain = (
        provider_cell is not None
        and is_plain_provider(_plain(provider_cell))
        and (mint_cell is None or is_plain_mint(_plain(mint_cell)))
        and (mint_cell is None or isinstance(mint_cell, MapCell))
    )
    return settings, () if is_plain else checked()[2]


def _checked_settings(
    environment: Environment, provider_cell: Cell | None, mint_cell: Cell | None
) -> tuple["Provider | None", "Mint | None", Problems]:
    # The library that checks settings takes longer to import than a body takes to render.
    from voxmint.profiles.settings import Mint, Provider, read_settings

    mint, problems = read_settings(Mint, mint_cell, "mint")
    if provider_cell is None:
        is_excused = environment.abstract or environment.incomplete
        lacking = () if is_excused else (_no_provider(environment),)
        return None, mint, (*lacking, *problems)
    provider, more = read_settings(Provider, provider_cell, "provider")
    if environment.abstract:
        # What is missing may stand in an environment that extends it.
        more = tuple(one for one in more if one.kind is not wording.MISSING_KEY)
    return provider, mint, (*more, *problems)


def _no_provider(environment: Environment) -> Problem:
    facts = {
        "owner": f"the environment `{environment.name}`",
        "key": "provider",
        "example": "for example `provider: {kind: emulator}`; or `abstract: true`, where it is "
        "only there to be extended",
    }
    return Problem(wording.MISSING_KEY, Origin(environment.file, 1, 1), facts)


def _setting(merger: Merger, lineage: Sequence[Environment], name: str) -> Cell | None:
    """A setting of the environment, merged over its lineage; `key` is replaced as a whole."""
    cell: Cell | None = None
    for environment in lineage:
        node: MapNode | None = getattr(environment, name)
        if node is None:
            continue
        if isinstance(cell, MapCell) and "key" in cell.entries and _gives_key(node):
            # A key has one source: another one takes its place instead of joining it.
            rest = {one: inner for one, inner in cell.entries.items() if one != "key"}
            cell = cell._replace(entries=rest)
        cell = merger.lay(cell, node, environment.layer, None)
    return None if isinstance(cell, Gone) else cell


def _gives_key(provider: MapNode) -> bool:
    """Whether it names a source of the key, rather than a directive that says so itself."""
    key = provider.entries.get("key")
    return key is not None and not (isinstance(key, MapNode) and has_directives(key))


def _unknown_blocks(profiles: Mapping[str, Profile], environments: Roster) -> Iterator[Problem]:
    """An error for each block of a profile for an environment that there is not."""
    for profile in profiles.values():
        for reference in profile.block_names:
            if reference.name not in environments:
                facts = {"name": reference.name, **nearest(reference.name, environments)}
                at = Origin(profile.file, *reference.mark)
                yield Problem(wording.UNKNOWN_ENVIRONMENT, at, facts)
