"""The sink that prints: for another program that reads voxmint's output, never for a terminal.

```yaml
sinks:
  - kind: stdout
    format: ndjson                    # `KEY=value` lines unless said; and values, prefix, names
```

It is written only where the operator asks for it: `voxmint mint … --sink stdout | a-program`. The
report then goes to standard error.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure, reason
from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.sinks.passing import PassingSink
from voxmint.engine.wording import FILE_UNWRITABLE, SINK_ON_TERMINAL, SINK_STREAMLESS
from voxmint.problems import Problem

if TYPE_CHECKING:
    from voxmint.engine.sinks.stream_options import StdoutOptions


class StdoutSink(PassingSink):
    """Standard output."""

    kind: ClassVar[str] = "stdout"
    Options = OptionsWhenNeeded("voxmint.engine.sinks.stream_options:StdoutOptions")
    prints: ClassVar[bool] = True

    def __init__(self, options: "StdoutOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: StdoutOptions = options

    @property
    def target(self) -> str:
        return "standard output"

    def preflight(self) -> Iterator[Problem]:
        yield from super().preflight()
        console = self.around.console
        if console is None:
            yield Problem(SINK_STREAMLESS, self.around.at)
        elif console.stdout.isatty():
            yield Problem(SINK_ON_TERMINAL, self.around.at)

    def text_of(self, profile: str, values: Mapping[str, str | int]) -> str:
        if self.options.format == "env":
            return "".join(f"{name}={value}\n" for name, value in values.items())
        own = {
            which: values[name] for which, name in self.names_of(profile).items() if name in values
        }
        return json.dumps({"profile": profile, **own}) + "\n"

    def add(self, text: str) -> None:
        console = self.around.console
        if console is None:
            raise failure(SINK_STREAMLESS)
        try:
            console.stdout.write(text)
            console.stdout.flush()
        except (OSError, ValueError) as error:
            said = reason(error) if isinstance(error, OSError) else "it is closed"
            raise failure(FILE_UNWRITABLE, path=self.target, reason=said) from error
