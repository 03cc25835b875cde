"""The compiler: files in, bodies out, in named stages between frozen values.

    read → parse → lineage → overlay → merge → render → validate → body

`compile_project` is the whole flow. Every stage takes what the one before it gave, adds its own
problems, and goes on with what is sound.
"""

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Body, Problem, gathered, nearest
from voxmint.profiles import wording
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.bodiless import check_bodiless
from voxmint.profiles.cells import Cell, Gone, MapCell, value_of
from voxmint.profiles.compiled import (
    Compilation,
    CompiledBody,
    CompiledEnvironment,
    CompiledProfile,
)
from voxmint.profiles.deployments import undeployed
from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.endpoints import asked_api
from voxmint.profiles.lineage import Lineages
from voxmint.profiles.lost import Kin, lost_bodies
from voxmint.profiles.meant import quoted_as_written
from voxmint.profiles.merge import Merger, Step
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.order import EVERYTHING, Order
from voxmint.profiles.parse import is_given_up, parse_environment, parse_profile
from voxmint.profiles.plain_settings import is_plain_mint, is_plain_provider
from voxmint.profiles.precedence import layers_of
from voxmint.profiles.reach import reaching
from voxmint.profiles.reading import Sources, read_sources
from voxmint.profiles.render import Renderer, SharedParts, Texts
from voxmint.profiles.retired import unserved
from voxmint.profiles.selectors import selected
from voxmint.profiles.source import Source
from voxmint.profiles.undefined import explained
from voxmint.profiles.unmatched import unmatched_patterns, unmatched_selectors
from voxmint.profiles.validate import Locator, Validator
from voxmint.profiles.variants import settled_in

if TYPE_CHECKING:
    from voxmint.profiles.settings import Mint, Provider

Problems = tuple[Problem, ...]


def compile_project(source: Source, order: Order = EVERYTHING) -> Compilation:
    """Compiles what is ordered, and collects everything that is wrong on the way."""
    with _without_collector():
        sources = read_sources(source, order.wanted)
        documents = parse_all(sources)
        families = trace(sources, documents, order.settings)
        stacks = overlay(families, order)
        merged = merge(stacks, order)
        rendered = render(merged, sources.texts)
        checked = validate(rendered)
        held = hold_policies(order, sources, families, rendered, checked)
        idle = look_for_idle(order, sources, documents, families, merged, checked)
        stages = (documents, families, stacks, merged, rendered, checked, held, idle)
        found = [problem for stage in stages for problem in stage.problems]
        found += undeployed(checked.bodies.values(), families.environments)
        found += unserved(checked.bodies.values(), families.environments)
        bodiless = check_the_bodiless(order, sources, families, stacks)
        reached = reach(order, sources, documents, families, stacks, found)
        problems = [*quoted_as_written(reached, sources.texts), *bodiless.problems]
        return gather(sources, families, stacks, checked, problems)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pauses the garbage collector: a compile makes many objects, keeps them, and has no cycles.

    Measured: with the collector on, a large project takes over half as long again. Switched on
    again it would look at every new object once, for nothing; freezing and unfreezing puts them
    with the old ones. Objects that the program itself froze stay as they are.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()
            gc.enable()


# ── parse ────────────────────────────────────────────────────────────────────────────────────────


class Documents(NamedTuple):
    """What the files say, each by itself."""

    profiles: Mapping[str, Profile]
    environments: Mapping[str, Environment]
    problems: Problems


def parse_all(sources: Sources) -> Documents:
    """Parses every file that was read; one that is no YAML gives a problem and no document."""
    problems: list[Problem] = list(sources.problems)
    profiles: dict[str, Profile] = {}
    environments: dict[str, Environment] = {}
    for name, document in sources.profiles.items():
        profile, found = parse_profile(name, document)
        problems += found
        if document.root is not None and not is_given_up(found):
            profiles[name] = profile
    for name, document in sources.environments.items():
        environment, found = parse_environment(name, document)
        problems += found
        if document.root is not None and not is_given_up(found):
            environments[name] = environment
    return Documents(profiles, environments, tuple(problems))


# ── lineage ──────────────────────────────────────────────────────────────────────────────────────


class Families(NamedTuple):
    """Profiles and environments with their lineages, in order of name."""

    profiles: Mapping[str, CompiledProfile]
    environments: Mapping[str, CompiledEnvironment]
    problems: Problems


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
    environments, problems = _environments(sources, documents, profiles, with_settings)
    problems = [*lineages.problems, *merger.problems, *problems]
    problems += _unknown_blocks(documents.profiles, sources.environment_names)
    return Families(profiles, environments, tuple(problems))


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
    return {} if cell is None else value_of(cell)  # type: ignore[return-value]  # labels are a map


def _with_labels(cell: Cell | None, profile: Profile, merger: Merger) -> Cell | None:
    if profile.labels is None:
        return cell
    return merger.lay(cell, profile.labels, profile.layer, None)


def _environments(
    sources: Sources,
    documents: Documents,
    profiles: Mapping[str, CompiledProfile],
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
            found[name], own = _environment(lineage, concrete, with_settings)
            problems += own
            if sources.is_complete:
                problems += unmatched_patterns(lineage[-1], profiles)
    return found, [*lineages.problems, *problems]


def _environment(
    lineage: tuple[Environment, ...], concrete: tuple[str, ...], with_settings: bool
) -> tuple[CompiledEnvironment, Problems]:
    merger = Merger()
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
    return environment, (*merger.problems, *problems)


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
        if isinstance(cell, MapCell) and "key" in node.entries and "key" in cell.entries:
            # A key has one source: another one takes its place instead of joining it.
            rest = {one: inner for one, inner in cell.entries.items() if one != "key"}
            cell = cell._replace(entries=rest)
        cell = merger.lay(cell, node, environment.layer, None)
    return None if isinstance(cell, Gone) else cell


def _unknown_blocks(
    profiles: Mapping[str, Profile], environments: Sequence[str]
) -> Iterator[Problem]:
    """An error for each block of a profile for an environment that there is not."""
    for profile in profiles.values():
        for reference in profile.block_names:
            if reference.name not in environments:
                facts = {"name": reference.name, **nearest(reference.name, environments)}
                at = Origin(profile.file, *reference.mark)
                yield Problem(wording.UNKNOWN_ENVIRONMENT, at, facts)


# ── overlay ──────────────────────────────────────────────────────────────────────────────────────


class Stack(NamedTuple):
    """The layers of one body, the weakest first."""

    body: Body
    profile: CompiledProfile
    environment: CompiledEnvironment
    api: str | None
    layers: tuple[Layer, ...]


class Stacks(NamedTuple):
    """The layers of every body that is to be compiled."""

    stacks: tuple[Stack, ...]
    problems: Problems


def overlay(families: Families, order: Order) -> Stacks:
    """Puts together the layers of every body, in the order of `precedence.layers_of`."""
    overrides = tuple(override.layer for override in order.overrides)
    stacks: list[Stack] = []
    for environment in families.environments.values():
        if not order.has_environment(environment.name):
            continue
        api = environment.api and (order.api or environment.api)
        for name in environment.profiles:
            profile = families.profiles[name]
            if order.has_profile(name, profile.labels):
                layers = layers_of(profile.lineage, environment.lineage, profile.labels, overrides)
                body = (name, environment.name)
                stacks.append(Stack(body, profile, environment, api, layers))
    return Stacks(tuple(stacks), tuple(_idle_overlays(families, order, stacks)))


def _idle_overlays(families: Families, order: Order, stacks: Sequence[Stack]) -> Iterator[Problem]:
    """A warning for each overlay item that selects nothing, where everything is compiled."""
    if not order.is_everything:
        return
    used = {id(layer) for stack in stacks for layer in stack.layers}
    yield from unmatched_selectors(families.environments.values(), families.profiles, used)


# ── merge ────────────────────────────────────────────────────────────────────────────────────────


class Merged(NamedTuple):
    """The merged cells of one body."""

    stack: Stack
    root: MapCell


class AllMerged(NamedTuple):
    """The merged cells of every body; `steps` are those of the folds that gave them."""

    bodies: tuple[Merged, ...]
    problems: Problems
    steps: Collection[Step] = ()


def merge(stacks: Stacks, order: Order) -> AllMerged:
    """Folds the layers of every body by the merge law; what bodies share is folded once.

    Only where everything is compiled is it known which directives change nothing.
    """
    merger = Merger()
    bodies: list[Merged] = []
    problems: list[Problem] = []
    for stack in stacks.stacks:
        before = len(merger.problems)
        bodies.append(Merged(stack, merger.fold(stack.layers) or _nothing(stack)))
        problems += (_of(stack.body, problem) for problem in merger.problems[before:])
    idle = merger.idle_directives() if order.is_everything else ()
    return AllMerged(tuple(bodies), (*problems, *idle), merger.steps)


def _nothing(stack: Stack) -> MapCell:
    layer = stack.profile.document.layer
    return MapCell({}, layer.tree.mark, None, layer, None)


# ── render ───────────────────────────────────────────────────────────────────────────────────────


class Rendered(NamedTuple):
    """The plain values of one body; `failed` are the ids of cells whose templates failed."""

    stack: Stack
    root: MapCell
    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    failed: Set[int] = frozenset()


class AllRendered(NamedTuple):
    """The plain values of every body."""

    bodies: tuple[Rendered, ...]
    problems: Problems


def render(merged: AllMerged, texts: Mapping[str, str]) -> AllRendered:
    """Renders the templates that are left after the merge; drops what a new variant lacks."""
    shared = SharedParts()
    problems: list[Problem] = []

    def text_of(file: str) -> str:
        return texts.get(file, "")

    bodies = [_render(one, shared, text_of, problems) for one in merged.bodies]
    return AllRendered(tuple(bodies), tuple(problems))


def _render(
    merged: Merged, shared: SharedParts, text_of: Texts, problems: list[Problem]
) -> Rendered:
    stack, root = merged
    profile = stack.profile
    subject = shared.subject(
        profile.name, stack.environment.name, profile.document.description, profile.labels
    )
    renderer = Renderer(root, subject, shared, text_of)
    root, fell = settled_in(root, stack.layers, renderer.leaf)
    session = renderer.session(root.entries.get("session"))
    lifetime = renderer.lifetime(root.entries.get("expires_after"))
    if fell or renderer.problems:
        problems += (_of(stack.body, problem) for problem in (*fell, *renderer.problems))
    return Rendered(stack, root, session, lifetime, renderer.failed)


def _of(body: Body, problem: Problem) -> Problem:
    return Problem(problem.kind, problem.at, problem.facts, problem.related, problem.path, (body,))


# ── validate ─────────────────────────────────────────────────────────────────────────────────────


class AllChecked(NamedTuple):
    """The bodies that are right."""

    bodies: Mapping[Body, CompiledBody]
    problems: Problems


def validate(rendered: AllRendered) -> AllChecked:
    """Checks every request by the field table and the rules, and makes bodies of the right ones."""
    validator = Validator()
    locator = Locator()
    bodies: dict[Body, CompiledBody] = {}
    for one in rendered.bodies:
        stack = one.stack
        form = FORMS[stack.api] if stack.api else None
        name = form.name if form else None
        findings = validator.findings(one.session, one.expires_after, name)
        is_wrong = bool(findings) and locator.add(findings, one, stack.layers, stack.body)
        if form and stack.api and not one.failed and not is_wrong:
            body = form.build(one.session, one.expires_after)
            bodies[stack.body] = CompiledBody(
                *stack.body,
                stack.api,
                one.session,
                one.expires_after,
                body,
                one.root,
                stack.layers,
            )
    return AllChecked(bodies, locator.problems)


# ── policies ─────────────────────────────────────────────────────────────────────────────────────


class AllHeld(NamedTuple):
    """What goes against the fleet's own policies, as problems."""

    problems: Problems = ()


def hold_policies(
    order: Order, sources: Sources, families: Families, rendered: AllRendered, checked: AllChecked
) -> AllHeld:
    """Holds every policy against every body that it is for, whatever was asked for."""
    policies = sources.project.policies
    if not policies:
        return AllHeld()
    from voxmint.profiles.policies.stage import Fleet, held  # its rules need Jinja

    texts = sources.texts
    fleet = Fleet(families.profiles, sources.environment_names, lambda file: texts.get(file, ""))
    right = checked.bodies.keys()
    return AllHeld(tuple(held(policies, fleet, rendered.bodies, right, order.is_everything)))


# ── idle ─────────────────────────────────────────────────────────────────────────────────────────


class AllIdle(NamedTuple):
    """What never has an effect, as problems."""

    problems: Problems = ()


def look_for_idle(
    order: Order,
    sources: Sources,
    documents: Documents,
    families: Families,
    merged: AllMerged,
    checked: AllChecked,
) -> AllIdle:
    """Finds what never has an effect, where that is asked for and can be known."""
    if not (order.idle and order.is_everything and not order.overrides):
        return AllIdle()
    from voxmint.profiles.idle.stage import idle_problems  # only `validate` asks for it

    return AllIdle(tuple(idle_problems(sources, documents, families, merged, checked)))


# ── bodiless ─────────────────────────────────────────────────────────────────────────────────────


class AllBodiless(NamedTuple):
    """What is wrong with profiles that have no body, as problems that affect none."""

    problems: Problems = ()


def check_the_bodiless(
    order: Order, sources: Sources, families: Families, stacks: Stacks
) -> AllBodiless:
    """Checks abstract profiles, and those of no environment, where everything is asked for."""
    if not order.is_everything:
        return AllBodiless()
    with_bodies = {stack.profile.name for stack in stacks.stacks}
    if with_bodies >= families.profiles.keys():
        return AllBodiless()
    texts = sources.texts
    problems = check_bodiless(families.profiles, with_bodies, lambda file: texts.get(file, ""))
    return AllBodiless(problems)


# ── reach ────────────────────────────────────────────────────────────────────────────────────────


def reach(
    order: Order,
    sources: Sources,
    documents: Documents,
    families: Families,
    stacks: Stacks,
    problems: Sequence[Problem],
) -> Iterator[Problem]:
    """The problems with the bodies they affect, and with what to do where other files say it."""
    folders = sources.project
    lost = lost_bodies(
        Kin(documents.profiles, families.profiles, folders.profiles),
        Kin(documents.environments, families.environments, folders.environments),
        order,
    )
    return reaching(
        explained(problems, families.profiles, families.environments),
        documents.profiles.values(),
        documents.environments.values(),
        stacks.stacks,
        lost,
        order.is_everything,
    )


# ── body ─────────────────────────────────────────────────────────────────────────────────────────


def gather(
    sources: Sources,
    families: Families,
    stacks: Stacks,
    checked: AllChecked,
    problems: Sequence[Problem],
) -> Compilation:
    """The bodies, and every problem once, with the bodies it affects."""
    broken = {body for problem in problems if problem.is_error for body in problem.affects}
    return Compilation(
        MappingProxyType(dict(families.profiles)),
        MappingProxyType(dict(families.environments)),
        sources.profile_names,
        sources.environment_names,
        MappingProxyType({body: one for body, one in checked.bodies.items() if body not in broken}),
        tuple(stack.body for stack in stacks.stacks),
        gathered(problems),
        sources.texts,
    )
