"""What `voxmint.yaml` says of one policy; whether its path and rule are right is seen later."""

from dataclasses import dataclass

from voxmint.origin import Origin
from voxmint.profiles.nodes import Mark, ScalarNode
from voxmint.profiles.selectors import EVERYWHERE, Where, matches


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A rule of the fleet: what a field must be in the bodies that it is for, and why.

    `path` and `rule` are texts. `environments` are names and patterns, each with its place; `None`
    for all environments. `mark` is the place of the whole item.
    """

    file: str
    name: str
    path: ScalarNode
    rule: ScalarNode
    message: str
    is_error: bool = True
    where: Where = EVERYWHERE
    environments: tuple[ScalarNode, ...] | None = None
    mark: Mark = (1, 1, 1)

    def origin(self, mark: Mark) -> Origin:
        """A mark of its file as an origin."""
        return Origin(self.file, *mark)

    def holds_in(self, name: str, lineage: tuple[str, ...]) -> bool:
        """Whether it holds in an environment, by its name and those that it comes from.

        A pattern takes in an environment together with all that extend it; `!` takes out only
        what it names itself, since production may extend staging.
        """
        if self.environments is None:
            return True
        patterns = [str(one.value) for one in self.environments]
        taking_in = [one for one in patterns if not one.startswith("!")]
        if not patterns or any(one not in taking_in and matches(one, name) for one in patterns):
            return False
        return not taking_in or any(matches(one, base) for one in taking_in for base in lineage)

    @property
    def reach(self) -> str:
        """Which bodies it is for, as a person reads it: `tier=gold in production`."""
        names = ", ".join(str(one.value) for one in self.environments or ())
        parts = [str(self.where) or "all profiles", f"in {names}" if names else ""]
        return " ".join(part for part in parts if part)
