"""The compiler: files in, bodies out, in named stages between frozen values.

    read → parse → lineage → overlay → merge → render → validate → body

`compile_project` is the whole flow. Every stage takes what the one before it gave, adds its own
problems, and goes on with what is sound.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from voxmint.problems import Body, Problem, gathered
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.bodiless import check_bodiless
from voxmint.profiles.cells import Cell, MapCell
from voxmint.profiles.collector import COLLECTOR
from voxmint.profiles.compiled import (
    Compilation,
    CompiledBody,
)
from voxmint.profiles.consequences import items_once
from voxmint.profiles.deployments import undeployed
from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.families import trace
from voxmint.profiles.left_out import follows
from voxmint.profiles.lost import Kin, lost_bodies
from voxmint.profiles.meant import quoted_as_written
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import Mark
from voxmint.profiles.once import ALWAYS, Makers, remembering
from voxmint.profiles.order import EVERYTHING, Order
from voxmint.profiles.parse import is_given_up
from voxmint.profiles.precedence import layers_of
from voxmint.profiles.reach import reaching
from voxmint.profiles.reader import sharing_reader
from voxmint.profiles.reading import Reader, Sources, read_sources
from voxmint.profiles.remaking.earlier import (
    NOTHING_EARLIER,
    NOTHING_REMADE,
    AllRemade,
    Earlier,
    all_made,
)
from voxmint.profiles.render import Looks, Renderer, SharedParts, Subject
from voxmint.profiles.retired import unserved
from voxmint.profiles.source import Source
from voxmint.profiles.stages import (
    AllChecked,
    AllMerged,
    AllRendered,
    Documents,
    Families,
    Merged,
    Rendered,
    Stack,
    Stacks,
)
from voxmint.profiles.templates.undefined import explained
from voxmint.profiles.unmatched import unmatched_selectors
from voxmint.profiles.validate import Locator, Validator
from voxmint.profiles.variants import settled_in

if TYPE_CHECKING:
    from voxmint.profiles.policies.stage import Made
    from voxmint.profiles.templates.problems import Texts


def compile_project(
    source: Source, order: Order = EVERYTHING, reader: Reader | None = None
) -> Compilation:
    """Compiles what is ordered, and collects everything that is wrong on the way.

    `reader` makes documents of files, where it is to be another than the usual one.
    """
    makers = Makers(reader or sharing_reader())
    return _compile(NOTHING_EARLIER, source, order, makers).compilation


def compile_both(
    base: Source, head: Source, order: Order = EVERYTHING
) -> tuple[Compilation, Compilation]:
    """Compiles two states of a project; what they have in common is worked out once.

    Gives what compiling each by itself gives, to the byte.
    """
    from voxmint.profiles.remaking.stage import earlier  # only who compares states needs it

    makers = remembering()
    with COLLECTOR.paused():
        before = _compile(NOTHING_EARLIER, base, order, makers)
        after = _compile(earlier(*before), head, order, makers)
    return before.compilation, after.compilation


class _Made(NamedTuple):
    """A compilation, and those of its stages that one of another state goes on from."""

    stacks: Stacks
    merged: AllMerged
    rendered: AllRendered
    checked: AllChecked
    compilation: Compilation


def _compile(known: Earlier, source: Source, order: Order, makers: Makers) -> _Made:
    """Compiles what is ordered, after another state.

    `makers` make documents of files: what two states have in common need be read only once.
    """
    with COLLECTOR.paused():
        sources = read_sources(source, order.wanted, makers.document)
        documents = parse_all(sources, makers)
        families = trace(sources, documents, order.settings)
        stacks = overlay(families, order)
        merger = Merger()
        remade = _remade(known, stacks, order, merger)
        merged = merge(stacks, order, merger, remade)
        rendered = render(merged, sources.texts, notes_vars=order.idle)
        looked_at = validate(rendered)
        made, checked = all_made(stacks, rendered, looked_at, remade)
        held = hold_policies(order, sources, families, made, checked)
        idle = look_for_idle(order, sources, documents, families, merged, rendered, checked)
        stages = (documents, families, stacks, merged, rendered, checked)
        found = [problem for stage in stages for problem in stage.problems]
        found += (*held, *idle)
        found += undeployed(checked.bodies.values(), families.environments)
        found += unserved(checked.bodies.values(), families.environments)
        bodiless = check_the_bodiless(order, sources, families, stacks)
        reached = reach(order, sources, documents, families, stacks, found)
        problems = items_once(quoted_as_written((*reached, *bodiless), sources.texts))
        compilation = gather(sources, families, stacks, checked, problems)
        return _Made(stacks, merged, rendered, looked_at, compilation)


def _remade(known: Earlier, stacks: Stacks, order: Order, merger: Merger) -> AllRemade:
    """The bodies that can be made from those of another state."""
    if order.idle or not known.bodies:
        return NOTHING_REMADE
    from voxmint.profiles.remaking.stage import remake

    return remake(known, stacks, _root_of(merger))


# ── parse ────────────────────────────────────────────────────────────────────────────────────────


def parse_all(sources: Sources, makers: Makers = ALWAYS) -> Documents:
    """Parses every file that was read; one that is no YAML gives a problem and no document."""
    problems: list[Problem] = list(sources.problems)
    profiles: dict[str, Profile] = {}
    environments: dict[str, Environment] = {}
    for name, document in sources.profiles.items():
        profile, found = makers.profile(name, document)
        problems += found
        if document.root is not None and not is_given_up(found):
            profiles[name] = profile
    for name, document in sources.environments.items():
        environment, found = makers.environment(name, document)
        problems += found
        if document.root is not None and not is_given_up(found):
            environments[name] = environment
    return Documents(profiles, environments, tuple(problems))


# ── overlay ──────────────────────────────────────────────────────────────────────────────────────


def overlay(families: Families, order: Order) -> Stacks:
    """Puts together the layers of every body, in the order of `precedence.layers_of`."""
    overrides = tuple(override.layer for override in order.overrides)
    asked = [
        (environment, environment.api and (order.api or environment.api), set(environment.profiles))
        for environment in families.environments.values()
        if order.has_environment(environment.name)
    ]
    is_whole = order.is_everything
    stacks: list[Stack] = []
    # Profile by profile, so that what its bodies share is at hand when the next of them is made:
    # measured, a tenth less time for 10,000 profiles.
    for name, profile in families.profiles.items():
        lineage, labels = profile.lineage, profile.labels
        if not (is_whole or order.has_profile(name, labels)):
            continue
        for environment, api, profiles in asked:
            if name in profiles and (is_whole or order.reaches(profile, environment)):
                layers = layers_of(lineage, environment.lineage, labels, overrides)
                stacks.append(Stack((name, environment.name), profile, environment, api, layers))
    return Stacks(tuple(stacks), tuple(_idle_overlays(families, order, stacks)))


def _idle_overlays(families: Families, order: Order, stacks: Sequence[Stack]) -> Iterator[Problem]:
    """A warning for each overlay item that selects nothing, where everything is compiled."""
    if not (order.is_everything and families.is_whole):
        return  # what is selected may be among those that could not be made out
    used = {id(layer) for stack in stacks for layer in stack.layers}
    yield from unmatched_selectors(families.environments.values(), families.profiles, used)


# ── merge ────────────────────────────────────────────────────────────────────────────────────────


def merge(
    stacks: Stacks,
    order: Order,
    merger: Merger | None = None,
    remade: AllRemade = NOTHING_REMADE,
) -> AllMerged:
    """Folds the layers of every body by the merge law; what bodies share is folded once.

    Only where everything is compiled is it known which directives change nothing. Those that were
    `remade` are folded for that alone, where it is not known of them.
    """
    merger = merger or Merger()
    bodies: list[Merged] = []
    problems: list[Problem] = []
    for stack in stacks.stacks:
        if stack.body in remade.bodies:
            continue
        before = len(merger.problems)
        bodies.append(Merged(stack, merger.fold(stack.layers) or _nothing(stack)))
        if len(merger.problems) > before:
            problems += (_of(stack.body, problem) for problem in merger.problems[before:])
    if not order.is_everything:
        return AllMerged(tuple(bodies), tuple(problems), merger.steps)
    is_calm = not merger.idle_directives()
    if not (is_calm and remade.is_calm):
        for one in remade.bodies.values():
            merger.fold(one.stack.layers)
    found = (*problems, *_certainly_idle(merger, stacks))
    return AllMerged(tuple(bodies), found, merger.steps, is_calm, merger.restating)


def _root_of(merger: Merger) -> Callable[[Stack], MapCell]:
    """What gives the cells of a body that was made without them."""

    def root_of(stack: Stack) -> MapCell:
        root = merger.fold(stack.layers) or _nothing(stack)
        profile = stack.profile
        subject = Subject.of(
            profile.name, stack.environment.name, profile.document.description, profile.labels
        )
        renderer = Renderer(root, subject, SharedParts(), lambda _: "")
        return settled_in(root, stack.layers, renderer.leaf)[0]

    return root_of


def _certainly_idle(merger: Merger, stacks: Stacks) -> Iterator[Problem]:
    """The directives that change nothing, where nothing was left out of what they work on."""
    idle = merger.idle_directives()
    if not idle:
        return
    partial = [stack for stack in stacks.stacks if any(one.incomplete for one in stack.layers)]
    unsure = {layer.file for stack in partial for layer in stack.layers}
    yield from (one for one in idle if one.at is not None and one.at.file not in unsure)


def _nothing(stack: Stack) -> MapCell:
    layer = stack.profile.document.layer
    return MapCell({}, layer.tree.mark, None, layer, None)


# ── render ───────────────────────────────────────────────────────────────────────────────────────


def render(merged: AllMerged, texts: Mapping[str, str], *, notes_vars: bool = False) -> AllRendered:
    """Renders the templates that are left after the merge; drops what a new variant lacks.

    With `notes_vars`, what templates look at is noted.
    """
    shared = SharedParts()
    problems: list[Problem] = []
    used: set[tuple[Layer, Mark | None]] = set()

    def text_of(file: str) -> str:
        return texts.get(file, "")

    def note(_: tuple[str, ...], cell: Cell) -> None:
        used.add((cell.layer, cell.key))

    looks = note if notes_vars else None
    bodies = [_render(one, shared, text_of, problems, looks) for one in merged.bodies]
    return AllRendered(tuple(bodies), tuple(problems), used)


def _render(
    merged: Merged,
    shared: SharedParts,
    text_of: "Texts",
    problems: list[Problem],
    looks: Looks | None,
) -> Rendered:
    stack, root = merged
    profile = stack.profile
    subject = shared.subject(
        profile.name, stack.environment.name, profile.document.description, profile.labels
    )
    renderer = Renderer(root, subject, shared, text_of, looks)
    root, fell = settled_in(root, stack.layers, renderer.leaf)
    session = renderer.session(root.entries.get("session"))
    lifetime = renderer.lifetime(root.entries.get("expires_after"))
    if fell or renderer.problems:
        failures = [one for one in renderer.problems if not follows(one, stack.layers, profile)]
        problems += (_of(stack.body, problem) for problem in (*fell, *failures))
    # Nothing fails in nearly all of them: a set for each would only hold memory.
    return Rendered(stack, root, session, lifetime, renderer.failed or frozenset())


def _of(body: Body, problem: Problem) -> Problem:
    return Problem(problem.kind, problem.at, problem.facts, problem.related, problem.path, (body,))


# ── validate ─────────────────────────────────────────────────────────────────────────────────────


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
    return AllChecked(bodies, locator.problems, locator.located)


# ── policies ─────────────────────────────────────────────────────────────────────────────────────


def hold_policies(
    order: Order,
    sources: Sources,
    families: Families,
    made: Sequence["Made"],
    checked: AllChecked,
) -> Iterable[Problem]:
    """What goes against the fleet's own policies, in any body, whatever was asked for."""
    policies = sources.project.policies
    if not policies:
        return ()
    from voxmint.profiles.policies.stage import Fleet, held  # its rules need Jinja

    texts = sources.texts
    fleet = Fleet(families.profiles, sources.environment_names, lambda file: texts.get(file, ""))
    right = checked.bodies.keys()
    is_everything = order.is_everything and families.is_whole
    return held(policies, fleet, made, right, is_everything)


# ── idle ─────────────────────────────────────────────────────────────────────────────────────────


def look_for_idle(
    order: Order,
    sources: Sources,
    documents: Documents,
    families: Families,
    merged: AllMerged,
    rendered: AllRendered,
    checked: AllChecked,
) -> Iterable[Problem]:
    """Finds what never has an effect, where that is asked for and can be known."""
    if not (order.idle and order.is_everything and not order.overrides):
        return ()
    from voxmint.profiles.idle.stage import idle_problems  # only `validate` asks for it

    return idle_problems(sources, documents, families, merged, rendered, checked)


# ── bodiless ─────────────────────────────────────────────────────────────────────────────────────


def check_the_bodiless(
    order: Order, sources: Sources, families: Families, stacks: Stacks
) -> tuple[Problem, ...]:
    """Checks abstract profiles, and those of no environment, where everything is asked for."""
    if not order.is_everything:
        return ()
    with_bodies = {stack.profile.name for stack in stacks.stacks}
    if with_bodies >= families.profiles.keys():
        return ()
    texts = sources.texts
    return check_bodiless(families.profiles, with_bodies, lambda file: texts.get(file, ""))


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
        Kin(documents.profiles, families.profiles, folders.profiles, sources.profile_names),
        Kin(
            documents.environments,
            families.environments,
            folders.environments,
            sources.environment_names,
        ),
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
    """The bodies, environment by environment, and every problem once, with those it affects."""
    broken = {body for problem in problems if problem.is_error for body in problem.affects}
    by_environment: dict[str, list[Body]] = {name: [] for name in families.environments}
    for stack in stacks.stacks:
        by_environment[stack.body[1]].append(stack.body)
    attempted = tuple(body for bodies in by_environment.values() for body in bodies)
    made = checked.bodies
    return Compilation(
        MappingProxyType(dict(families.profiles)),
        MappingProxyType(dict(families.environments)),
        sources.profile_names,
        sources.environment_names,
        MappingProxyType(
            {body: made[body] for body in attempted if body in made and body not in broken}
        ),
        attempted,
        gathered(problems),
        sources.texts,
    )
