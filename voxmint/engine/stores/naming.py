"""The names of objects in a store, as a sink's template gives them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PROFILE = "{profile}"
ENVIRONMENT = "{environment}"


@dataclass(frozen=True, slots=True)
class NameForm:
    """The names that a store takes.

    `characters` are those allowed, as a class of a regular expression has them; any other one in a
    profile's or environment's name becomes `instead`. `pattern` is what a whole name has to fit
    besides, and `said` tells all of it. `is_caseless`: names that differ in capitals are one.
    """

    characters: str
    longest: int
    said: str
    instead: str = "-"
    pattern: str = ".+"
    is_caseless: bool = False

    def takes(self, name: str) -> bool:
        """Whether the store has room for an object of this name."""
        fits = re.fullmatch(f"[{self.characters}]+", name) and re.fullmatch(self.pattern, name)
        return bool(fits) and len(name) <= self.longest

    def safe(self, text: str) -> str:
        """A part of a name, with what the store does not take replaced."""
        return re.sub(f"[^{self.characters}]", self.instead, text)

    def key(self, name: str) -> str:
        """What two names have in common where they are one to the store."""
        return name.casefold() if self.is_caseless else name


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one sink's objects; `renamed` gives profiles another name in them."""

    template: str
    environment: str
    form: NameForm
    renamed: Mapping[str, str]

    @property
    def is_shared(self) -> bool:
        """Whether all profiles are in one object."""
        return PROFILE not in self.template

    @property
    def outline(self) -> str:
        """The template with the environment's name in it."""
        return self.template.replace(ENVIRONMENT, self.form.safe(self.environment))

    def object_of(self, profile: str) -> str:
        """The name of the object that a profile's session goes into."""
        return self.outline.replace(PROFILE, self.form.safe(self.member_of(profile)))

    def member_of(self, profile: str) -> str:
        """What a profile is called in there, where several are."""
        return self.renamed.get(profile, profile)

    def can_be(self, name: str) -> bool:
        """Whether an object of this name can be one of the sink's: a ledger alone cannot say so."""
        pattern = ".+".join(map(re.escape, self.outline.split(PROFILE)))
        return re.fullmatch(pattern, name) is not None

    def clashes(self, profiles: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """Pairs of profiles that would share a name, with the name."""
        owners: dict[str, str] = {}
        for profile in profiles:
            name = self.member_of(profile) if self.is_shared else self.object_of(profile)
            owner = owners.setdefault(self.form.key(name), profile)
            if owner != profile:
                yield owner, profile, name
