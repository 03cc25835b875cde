"""What is asked to be compiled, and what of it there is not."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from voxmint.origin import COMMAND_LINE
from voxmint.problems import Problem, UsageError, nearest
from voxmint.profiles import wording
from voxmint.profiles.compiled import Compilation, CompiledEnvironment, CompiledProfile
from voxmint.profiles.overrides import Override
from voxmint.profiles.reading import PROJECT_FILE, Wanted
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import is_pattern, label_text, selects
from voxmint.profiles.values import Scalar
from voxmint.shown import shown


class Order(NamedTuple):
    """Which profiles in which environments, for which endpoint.

    `profiles` are names and patterns, `labels` pairs of a label and its value, `environments`
    names; each empty for all. `api` replaces the endpoint that an environment chooses. Without
    `settings`, those of provider and mint are looked at only as far as they choose the endpoint:
    a body needs no more. With `idle`, what never has an effect is looked for, too, as far as
    nothing of the project is left out and nothing is set for one run. With `changed`, only bodies
    are asked for that have one of these files among those they are made of.
    """

    profiles: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    api: str | None = None
    overrides: tuple[Override, ...] = ()
    settings: bool = True
    idle: bool = False
    changed: frozenset[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing of the project is left out."""
        is_part = self.profiles or self.environments or self.labels
        return not is_part and self.changed is None

    @property
    def wanted(self) -> Wanted:
        """What has to be read: the named profiles and their bases, or all of them."""
        by_name = self.profiles and not self.labels and not any(map(is_pattern, self.profiles))
        return Wanted(self.profiles if by_name else None, self.environments or None)

    def has_profile(self, name: str, labels: Mapping[str, Scalar]) -> bool:
        """Whether a profile of this name and these labels is asked for."""
        if self.profiles and not selects(self.profiles, name):
            return False
        return all(
            label in labels and label_text(labels[label]) == value for label, value in self.labels
        )

    def has_environment(self, name: str) -> bool:
        """Whether the environment is asked for."""
        return not self.environments or name in self.environments

    def reaches(self, profile: CompiledProfile, environment: CompiledEnvironment) -> bool:
        """Whether the body of these two is made of a file that changed, where that matters."""
        if self.changed is None:
            return True
        changed = self.changed
        return any(one.file in changed for one in profile.lineage) or any(
            one.file in changed for one in environment.lineage
        )


EVERYTHING = Order()


def check_order(order: Order, compilation: Compilation) -> None:
    """That what was asked for by name is there; `UsageError`, with a near miss, where it is not."""
    mistakes = [
        *mistaken_environments(order, compilation),
        *(
            _unknown("profile", name, compilation.profile_names)
            for name in order.profiles
            if not is_pattern(name) and name not in compilation.profile_names
        ),
    ]
    if mistakes:
        first, *others = mistakes
        raise UsageError(str(first), first.hint, tuple(others))
    is_none = not compilation.attempted and order.changed is None
    if not order.is_everything and is_none and not compilation.errors:
        raise _nothing_selected(order, compilation)


def mistaken_environments(order: Order, compilation: Compilation) -> Iterator[UsageError]:
    """What is wrong with the environments that were asked for by name."""
    for name in order.environments:
        environment = compilation.environments.get(name)
        if name not in compilation.environment_names:
            yield _unknown("environment", name, compilation.environment_names)
        elif environment and environment.document.abstract:
            hint = "name an environment that extends it; `voxmint list` shows them"
            yield UsageError(f"the environment `{name}` is abstract: it has no profiles", hint)


def _unknown(kind: str, name: str, known: Roster) -> UsageError:
    near = _in_path(name, known) or nearest(name, known).get("nearest")
    if near:
        hint = f"did you mean `{near}`?"
    elif len(known):
        hint = "there is " + ", ".join(f"`{one}`" for one in sorted(known)[:8])
        hint += ", …" if len(known) > 8 else ""
    else:
        hint = f"the project has no {kind} yet"
    return UsageError(f"there is no {kind} `{shown(name)}`", shown(hint))


def _in_path(path: str, known: Roster) -> str | None:
    """The name in a file's path, as shells complete it: `call-center/german` for that file's."""
    parts = path.removesuffix(".yaml").removesuffix(".yml").split("/")
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((name for name in names if name in known), None)


def _nothing_selected(order: Order, compilation: Compilation) -> UsageError:
    for name in order.profiles:
        profile = compilation.profiles.get(name)
        if profile and profile.document.abstract:
            return UsageError(
                f"`{name}` is abstract: it has no body of its own",
                "name a profile that extends it; `voxmint list` shows them",
            )
    where = ", ".join(order.environments) or "any environment"
    what = " ".join((*order.profiles, *("-l " + "=".join(pair) for pair in order.labels)))
    return UsageError(
        f"no profile in {where} is selected by `{shown(what)}`" if what else f"{where} is empty",
        "`voxmint list` shows which profiles each environment has",
    )


def relevant_problems(order: Order, compilation: Compilation) -> tuple[Problem, ...]:
    """The problems that matter to an order.

    A problem of a body matters where that body was asked for. A problem that no body has may be
    why there is none, so it matters unless everything that was asked for could be made out.
    """
    if order.is_everything or lost_names(order, compilation):
        return compilation.problems
    used = _used_files(order, compilation)
    return tuple(
        problem
        for problem in compilation.problems
        if problem.affects
        or problem.at is None
        or problem.at.file in used
        or _is_clash_in(order, problem)
    )


def _is_clash_in(order: Order, problem: Problem) -> bool:
    """Whether two files give a name that was asked for: which of them is meant is not known."""
    if problem.kind is not wording.CLASHING_NAMES:
        return False
    return not order.profiles or selects(order.profiles, str(problem.facts["name"]))


def lost_names(order: Order, compilation: Compilation) -> tuple[str, ...]:
    """What was asked for and could not be read, or what it extends could not.

    A folder that could not be looked into may have any of what was not asked for by name.
    """
    environments = order.environments or compilation.environment_names
    profiles = (
        name
        for name in compilation.profile_names
        if name not in compilation.profiles
        and (not order.profiles or selects(order.profiles, name))
    )
    return (
        *(name for name in environments if name not in compilation.environments),
        *_hidden(order.wanted.environments, compilation.environment_names),
        *profiles,
        *_hidden(order.wanted.profiles, compilation.profile_names),
    )


def _hidden(wanted: tuple[str, ...] | None, names: Roster) -> tuple[str, ...]:
    """What was asked for and may be in a folder that could not be looked into."""
    if wanted is None:
        return names.hidden
    return tuple(name for name in wanted if names.hiding(name) is not None)


def _used_files(order: Order, compilation: Compilation) -> set[str]:
    """The files of the environments and profiles that were asked for, and of their bases."""
    files: set[str] = {PROJECT_FILE, COMMAND_LINE, *(order.changed or ())}
    # An environment that was asked for matters where it has no profile, too.
    for name in compilation.environments.keys() & order.environments:
        files |= {one.file for one in compilation.environments[name].lineage}
    for profile, environment in compilation.attempted:
        files |= {one.file for one in compilation.profiles[profile].lineage}
        files |= {one.file for one in compilation.environments[environment].lineage}
    return files
