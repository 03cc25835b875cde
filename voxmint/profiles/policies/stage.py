"""Holds the policies against every body, and says where what goes against one was written."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

from voxmint.origin import Origin, Path, dotted
from voxmint.problems import Body, Problem, Related, nearest
from voxmint.profiles import wording as files_wording
from voxmint.profiles.cells import (
    Cell,
    Gone,
    Leaf,
    ListCell,
    MapCell,
    find,
    find_nearest,
    key_origin,
    origin,
)
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.explained import field_entries
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field, Type
from voxmint.profiles.nodes import ScalarNode
from voxmint.profiles.policies import wording
from voxmint.profiles.policies.document import Policy
from voxmint.profiles.policies.rule import VALUE, Rule, RuleError, Verdict, read_rule
from voxmint.profiles.reach import Layered
from voxmint.profiles.roster import Roster
from voxmint.profiles.scalar_places import ScalarPlaces, failing_part
from voxmint.profiles.selectors import is_pattern, matches
from voxmint.profiles.templates.template import Budget, TemplateError
from voxmint.profiles.unmatched import unmatched_policies
from voxmint.profiles.used_vars import MOST, UsedVar, vars_behind
from voxmint.profiles.values import briefly

EACH = "*"
"""The last part of a path that means each item of a list."""


class Made(Protocol):
    """A body as it was rendered; `failed` are the ids of cells whose templates failed."""

    @property
    def stack(self) -> Layered: ...
    @property
    def root(self) -> MapCell: ...
    @property
    def session(self) -> Mapping[str, Any]: ...
    @property
    def expires_after(self) -> Mapping[str, Any] | None: ...
    @property
    def failed(self) -> Set[int]: ...


class Fleet(NamedTuple):
    """What a project has, as far as policies speak of it.

    `environment_names` are those of all environments, read or not; `text_of` gives a file's text.
    """

    profiles: Mapping[str, CompiledProfile]
    environment_names: Roster
    text_of: Callable[[str], str]


def held(
    policies: Sequence[Policy],
    fleet: Fleet,
    made: Sequence[Made],
    right: Set[Body],
    is_everything: bool,
) -> Iterator[Problem]:
    """What goes against the policies, and what is wrong with them.

    `right` are the bodies in which nothing else is wrong. What is for no body is said only where
    `is_everything`: all there is was asked for, and made out.
    """
    used: set[int] = set()
    placed: list[Policy] = []
    scenes = _Scenes()
    profiles = {one.stack.body[0]: one.stack.profile for one in made}
    environments = {one.stack.body[1]: one.stack.environment for one in made}
    for policy in policies:
        unknown = list(_unknown_environments(policy, fleet))
        yield from (one for one in unknown if is_everything or one.is_error)
        if not unknown:
            placed.append(policy)  # else it has just been said why it may be for nobody
        guard = _Guard(policy, fleet)
        yield from guard.problems
        names = {name for name, one in profiles.items() if policy.where.fits(name, one.labels)}
        there = {name for name, one in environments.items() if _holds_in(policy, one)}
        bodies = [one for one in made if one.stack.body[0] in names and one.stack.body[1] in there]
        for one in bodies:
            guard.look_at(one, scenes, is_right=one.stack.body in right)
        if bodies:
            used.add(id(policy))
        yield from guard.found()
    if is_everything:
        yield from unmatched_policies(placed, fleet.profiles, used)


def _holds_in(policy: Policy, environment: CompiledEnvironment) -> bool:
    return policy.holds_in(environment.name, tuple(one.name for one in environment.lineage))


# ── what is wrong with a policy itself ───────────────────────────────────────────────────────────


def _unknown_environments(policy: Policy, fleet: Fleet) -> Iterator[Problem]:
    """An error for each environment that there is not, a warning for each pattern of none."""
    for node in policy.environments or ():
        name = str(node.value)
        if any(matches(name, one) for one in fleet.environment_names):
            continue
        if name.removeprefix("!") in fleet.environment_names:
            continue  # it may be in a folder that cannot be looked into
        plain = name.removeprefix("!")
        near = nearest(plain, fleet.environment_names)
        at = policy.origin(node.mark)
        if is_pattern(plain):
            yield Problem(wording.POLICY_ENVIRONMENT, at, {"pattern": name, **near})
        else:
            yield Problem(files_wording.UNKNOWN_ENVIRONMENT, at, {"name": plain, **near})


class _Target(NamedTuple):
    """The field that a policy is about: its path, or that of the list whose items it is about."""

    path: Path
    field: Field
    is_each: bool


def _target(path: str) -> _Target | None:
    """The field at a path as people write it; `None` where there is none."""
    parts = path.split(".")
    is_each = parts[-1] == EACH
    parts = parts[:-1] if is_each else parts
    if parts and parts[0] not in REQUEST.by_name:
        parts = [SESSION.name, *parts]
    field: Field = REQUEST
    for part in parts:
        if part not in field.by_name:
            return None
        field = field.by_name[part]
    if field is REQUEST or (is_each and field.type is not Type.ARRAY):
        return None
    return _Target(tuple(parts), field, is_each)


def _nearest_path(path: str) -> dict[str, str]:
    """The fact `nearest`: a field of this name, or one with a similar path."""
    known = [entry.path for entry in field_entries()]
    ends = [one for one in known if one.endswith(f".{path}")]
    return {"nearest": ends[0]} if len(ends) == 1 else nearest(path, known)


# ── what goes against a policy ───────────────────────────────────────────────────────────────────


class _Broken(NamedTuple):
    """What goes against a policy, or makes it fail, at a cell; `None` where nothing is written.

    `others` are further values that it depends on.
    """

    problem: Problem
    cell: Cell | None
    others: Sequence[UsedVar]
    bodies: list[Body]
    profiles: dict[str, CompiledProfile]


class _Guard:
    """Looks at bodies for one policy. `problems` are what is wrong with the policy itself."""

    def __init__(self, policy: Policy, fleet: Fleet) -> None:
        self.problems: list[Problem] = []
        self._policy = policy
        self._fleet = fleet
        self._target = _target(str(policy.path.value))
        self._rule: Rule | None = None
        self._verdicts: dict[object, Verdict] = {}
        self._broken: dict[tuple[object, ...], _Broken] = {}
        if self._target is None:
            path = str(policy.path.value)
            self._note(wording.POLICY_PATH, policy.path, path=path, **_nearest_path(path))
        else:
            self._read_rule(None if self._target.is_each else self._target.field)

    def _note(self, kind: Any, node: ScalarNode, **facts: object) -> None:
        at = self._policy.origin(node.mark)
        self.problems.append(Problem(kind, at, {"name": self._policy.name, **facts}))

    def _read_rule(self, field: Field | None) -> None:
        node = self._policy.rule
        try:
            self._rule = read_rule(str(node.value).strip(), field)
        except RuleError as failure:
            facts = {"name": self._policy.name, "said": failure.said, **failure.facts}
            at = self._part_of_rule(failure.needle, None)
            self.problems.append(Problem(wording.POLICY_RULE, at, facts))
        except TemplateError as failure:
            at = self._part_of_rule(failure.needle, failure.line)
            self.problems.append(Problem(failure.kind, at, failure.facts))

    def _part_of_rule(self, needle: str, line: int | None) -> Origin:
        node = self._policy.rule
        at = self._policy.origin(node.mark)
        text = str(node.value)
        part = failing_part(text, needle, line)
        if part is None:
            return at
        return ScalarPlaces(self._fleet.text_of(at.file), at, node.style, text).of(*part)

    def look_at(self, made: Made, scenes: "_Scenes", *, is_right: bool) -> None:
        """Works out the rule for a body that the policy is for."""
        if self._rule is None or self._target is None:
            return
        roots = scenes.roots(made)
        for path, given in _values(roots, self._target):
            scene = {**roots, **given}
            seen = self._rule.seen(scene)
            verdict = self._verdicts.get(seen)
            if verdict is None:
                verdict = self._verdicts[seen] = self._rule.verdict(scene, scenes.budget(made))
            if not (verdict.is_kept or _is_excused(made, path, given, verdict, is_right)):
                self._break(made, path, given, verdict)

    def _break(self, made: Made, path: Path, given: Mapping[str, Any], verdict: Verdict) -> None:
        state = _state(given)
        cell = _written(made.root, path)
        others = self._others(made.root, cell)
        key = (id(cell), path, state, verdict, *(id(one.cell) for one in others))
        stack = made.stack
        if key not in self._broken:
            problem = self._problem(path, state, verdict)
            self._broken[key] = _Broken(problem, cell, others, [], {})
        self._broken[key].bodies.append(stack.body)
        self._broken[key].profiles[stack.profile.name] = stack.profile

    def _others(self, root: MapCell, cell: Cell | None) -> Sequence[UsedVar]:
        """What else is behind it: vars that gave the value, and other fields of the rule."""
        found = [] if cell is None else list(vars_behind(cell, root))
        for path in self._rule.looks_at if self._rule else ():
            other = find(root, path) if path[0] in REQUEST.by_name else None
            if isinstance(other, Leaf | ListCell) and other is not cell:
                found.append(UsedVar(dotted(path), other))
        return found[:MOST]

    def _problem(self, path: Path, state: str, verdict: Verdict) -> Problem:
        """The problem without its places and bodies."""
        policy = self._policy
        shown = dotted(path[1:] if path[0] == SESSION.name and len(path) > 1 else path)
        if verdict.failure and not verdict.lacking:
            said = f"{verdict.failure}; `{shown}` {state}"
            return Problem(
                wording.POLICY_RULE, None, {"name": policy.name, "said": said}, (), shown
            )
        facts = {"path": shown, "state": state, "name": policy.name, "said": policy.message}
        if verdict.lacking and verdict.lacking[0] != (VALUE,):
            lacking, how = verdict.lacking
            facts["lacking"] = f"`{dotted(lacking)}`, which is {how}"
        kind = wording.POLICY if policy.is_error else wording.POLICY_WARNING
        return Problem(kind, None, facts, (), shown)

    def found(self) -> Iterator[Problem]:
        """What goes against the policy, each with its places and all the bodies it is in."""
        rule = self._policy.origin(self._policy.rule.mark)
        for one in self._broken.values():
            bodies = tuple(one.bodies)
            places = _places(one)
            for at, profiles in places:
                affects = tuple(body for body in bodies if body[0] in profiles)
                if one.problem.kind is wording.POLICY_RULE:
                    here, other = rule, Related(at, "it was asked about this")
                else:
                    here, other = at, Related(rule, f"the rule, for {self._policy.reach}")
                related = (*_set_here(one.others), other)
                yield one.problem._replace(at=here, related=related, affects=affects)


def _set_here(others: Sequence[UsedVar]) -> Iterator[Related]:
    for one in others:
        yield Related(origin(one.cell), f"`{one.name}` is set here ({one.cell.layer})")


class _Scenes:
    """What the names of a rule stand for. What is said of a profile is made once, and kept."""

    def __init__(self) -> None:
        self._profiles: dict[str, Mapping[str, Any]] = {}
        self._environments: dict[str, Mapping[str, Any]] = {}
        self._budgets: dict[Body, Budget] = {}
        self._roots: dict[Body, dict[str, Any]] = {}

    def budget(self, made: Made) -> Budget:
        """What the work of all rules for a body is counted in."""
        return self._budgets.setdefault(made.stack.body, Budget())

    def roots(self, made: Made) -> dict[str, Any]:
        """What they stand for in a body, all but the value."""
        known = self._roots.get(made.stack.body)
        if known is None:
            known = self._roots[made.stack.body] = self._made(made)
        return known

    def _made(self, made: Made) -> dict[str, Any]:
        profile, environment = made.stack.profile, made.stack.body[1]
        if profile.name not in self._profiles:
            description = profile.document.description
            about = {"name": profile.name, "description": description, "labels": profile.labels}
            self._profiles[profile.name] = about
        env = self._environments.setdefault(environment, {"name": environment})
        roots = {"session": made.session, "profile": self._profiles[profile.name], "env": env}
        lifetime = made.expires_after
        return roots if lifetime is None else {**roots, EXPIRES_AFTER.name: lifetime}


def _values(roots: Mapping[str, Any], target: _Target) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each value that the rule is asked about: its path, and `value` unless it is absent."""
    at: Any = roots
    for name in target.path:
        if not isinstance(at, dict) or name not in at:
            if not target.is_each:
                yield target.path, {}
            return
        at = at[name]
    if not target.is_each:
        yield target.path, {VALUE: at}
    elif isinstance(at, list):
        for index, item in enumerate(at):
            yield (*target.path, index), {VALUE: item}


def _state(given: Mapping[str, Any]) -> str:
    return f"is {briefly(given[VALUE])}" if VALUE in given else "is not set"


def _is_excused(
    made: Made, path: Path, given: Mapping[str, Any], verdict: Verdict, is_right: bool
) -> bool:
    """Whether something else that is wrong, and said, may be all that is behind it."""
    if made.failed and id(find_nearest(made.root, path)) in made.failed:
        return True
    if verdict.failure and not is_right:
        return True
    is_absent = VALUE not in given or verdict.lacking is not None
    return is_absent and bool(made.failed or any(one.incomplete for one in made.stack.layers))


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def _written(root: MapCell, path: Path) -> Cell | None:
    """The cell at a path, or that of the map it is missing in; `None` where neither is written."""
    cell = find(root, path)
    if cell is None and path[:-1] not in ((), (SESSION.name,)):
        cell = find(root, path[:-1])
    return cell


def _places(broken: _Broken) -> Iterator[tuple[Origin, Set[str]]]:
    """Where to point, and the profiles it is pointed at for."""
    profiles = broken.profiles
    cell = broken.cell
    if cell is not None:
        is_value = not isinstance(cell, Gone | MapCell)
        yield (origin(cell) if is_value else key_origin(cell)), profiles.keys()
        return
    shared = _shared_base(list(profiles.values()))
    if shared is not None:
        yield Origin(shared, 1, 1), profiles.keys()
        return
    for name, profile in profiles.items():
        yield Origin(profile.document.file, 1, 1), {name}


def _shared_base(profiles: Sequence[CompiledProfile]) -> str | None:
    """The file of the strongest profile that all of these come from, or of the only one."""
    first, *others = profiles
    known = [{one.name for one in other.lineage} for other in others]
    for base in reversed(first.lineage):
        if all(base.name in names for names in known):
            return base.file
    return None
