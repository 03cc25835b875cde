"""The sink for env files: bare `KEY=value` lines among whatever else a file holds.

```yaml
sinks:
  - kind: dotenv
    path: .env.production             # relative to the project; `.env.{profile}`: one for each
    mode: "0640"                      # 0600 unless said otherwise
    group: app                        # the group that the mode is widened for
    values: [client_secret, expires_at]         # all that is known of a session, unless said
    prefix: VOICE_                    # stands before every variable
    names:
      client_secret: "{profile}_TOKEN"          # {profile}: the profile's name in capitals
      profiles: {call-center/german: GERMAN}    # what {profile} stands for, for one profile
    constants: {VOICE_MODEL: gpt-transcribe}    # further lines
    allow_unignored: true             # write even where git does not ignore the file
```

The file is always given the mode that is set here, also where it had a wider one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure
from voxmint.engine.sinks import variables
from voxmint.engine.sinks.contract import Delivery, OptionsWhenNeeded, Surroundings
from voxmint.engine.sinks.dotenv_plain import PlainOptions, plain_options
from voxmint.engine.sinks.envfile import entries, flaws_in, merge_env, names_held
from voxmint.engine.sinks.filed import Entry, FileSink
from voxmint.engine.sinks.naming import are_all_well, bad_names, variable_names
from voxmint.engine.sinks.values import needed, written_values
from voxmint.engine.wording import SINK_CONSTANT_UNFIT, SINK_VALUE_UNFIT
from voxmint.problems import Problem

if TYPE_CHECKING:
    from voxmint.engine.sinks.dotenv_options import DotenvOptions


class DotenvSink(FileSink):
    """An env file that holds the values of an environment's profiles."""

    kind: ClassVar[str] = "dotenv"
    Options = OptionsWhenNeeded("voxmint.engine.sinks.dotenv_options:DotenvOptions")

    def __init__(self, options: "DotenvOptions | PlainOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: DotenvOptions | PlainOptions = options
        self._names: dict[str, tuple[str, ...]] = {}

    @classmethod
    def plain_options(cls, settings: Mapping[str, object]) -> PlainOptions | None:
        # What another package makes of this sink may have settings of its own.
        return plain_options(settings) if cls is DotenvSink else None

    def naming(self) -> Mapping[str, str]:
        return self.options.names.profiles

    def variables_of(self, profile: str) -> dict[str, str]:
        """The variable of each value that is written of a profile."""
        options = self.options
        return variable_names(profile, options.names, options.values, options.prefix)

    def names_of(self, profile: str) -> Sequence[str]:
        # Once: a check of a large project looks at each name by itself, and for clashes.
        known = self._names.get(profile)
        if known is None:
            known = self._names[profile] = tuple(self.variables_of(profile).values())
        return known

    def constants(self) -> Mapping[str, str]:
        return self.options.constants

    def name_problems(self) -> Iterator[Problem]:
        for profile in self.around.profiles:
            yield from bad_names(self, profile, self.names_of(profile))
        for name, value in self.constants().items():
            said = _wrong_with(name, value)
            if said:
                yield Problem(SINK_CONSTANT_UNFIT, self.around.at, {"name": name, "said": said})

    def naming_problems(self) -> Iterator[Problem]:
        return iter(()) if self._is_well_named() else super().naming_problems()

    def _is_well_named(self) -> bool:
        """Whether a look at all names together says that nothing is wrong with them."""
        if self.is_divided or self.naming() or self.constants():
            return False
        options = self.options
        forms = tuple(getattr(options.names, which) for which in options.values)
        return are_all_well(self.around.profiles, forms, options.prefix)

    def entries_of(self, delivery: Delivery) -> Mapping[str, Entry]:
        values = written_values(delivery, self.variables_of(delivery.profile))
        for name, value in values.items():
            if not variables.is_plain(str(value)):
                raise failure(SINK_VALUE_UNFIT, name=name)
        return values

    def merged(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        return merge_env(existing, {name: str(value) for name, value in entries.items()}, gone)

    def held_in(self, existing: bytes, profiles: Iterable[str]) -> Iterator[str]:
        if not self._has_constants(existing):
            return
        held = names_held(existing)
        for profile in profiles:
            if held.issuperset(needed(self.variables_of(profile))):
                yield profile

    def _has_constants(self, existing: bytes) -> bool:
        """Whether the file holds each constant as it is now."""
        constants = self.constants()
        if not constants:
            return True
        lines = {entry.raw for entry in entries(existing) if entry.name in constants}
        return lines == {f"{name}={value}\n".encode() for name, value in constants.items()}

    def flaw_in(self, existing: bytes) -> tuple[int, str] | None:
        return next(flaws_in(existing), None)


def _wrong_with(name: str, value: str) -> str | None:
    if not variables.is_name(name):
        return "a name is capitals, digits and underscores, and starts with a letter"
    if variables.is_refused(name):
        return "it changes how programs run"
    if not variables.is_plain(value):
        return "its value has characters that readers of env files bend"
    return None
