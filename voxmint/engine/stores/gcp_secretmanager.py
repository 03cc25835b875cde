"""The sink for Google Secret Manager: a secret for each profile, or one for an environment.

```yaml
sinks:
  - kind: gcp-secretmanager
    name: voxmint-{environment}-{profile}     # without {profile}: one secret for all of them
    project: clinic-production                # else the one of the credentials
    location: europe-west3                    # a regional secret
    alias: voxmint                            # what readers ask for: versions/voxmint
```
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores.contract import Store
from voxmint.engine.stores.gcp_secretmanager_client import (
    ALLOW_PROJECTS,
    LOGGERS,
    Patience,
    client_of,
    is_project_allowed,
)
from voxmint.engine.stores.gcp_secretmanager_store import SecretManager
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import STORE_PROJECT_REFUSED
from voxmint.problems import Problem

if TYPE_CHECKING:
    from voxmint.engine.stores.gcp_secretmanager_options import SecretManagerOptions

_SOON = 600
"""Seconds in which Google mostly has told all readers of a new version."""


class SecretManagerSink(StoreSink):
    """Secrets of Google Secret Manager."""

    kind: ClassVar[str] = "gcp-secretmanager"
    Options = OptionsWhenNeeded(
        "voxmint.engine.stores.gcp_secretmanager_options:SecretManagerOptions"
    )
    title = "Google Secret Manager"
    extra = "gcp"
    page = "docs/stores/google-secret-manager.md"
    form = NameForm(
        r"A-Za-z0-9_\-", 255, "ASCII letters, digits, dashes and underscores, at most 255 of them"
    )
    largest = 65536
    loggers = LOGGERS
    patience: ClassVar[Patience] = Patience()

    def __init__(self, options: "SecretManagerOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: SecretManagerOptions = options

    @property
    def place(self) -> str:
        options = self.options
        return " ".join(filter(None, (options.project, options.location, options.endpoint)))

    def endpoint(self) -> str | None:
        return self.options.endpoint

    def reach_problems(self) -> Iterator[Problem]:
        yield from super().reach_problems()
        project = self.options.project
        if project is not None and not is_project_allowed(project, self.around.environ):
            facts = {"target": self.target, "project": project, "variable": ALLOW_PROJECTS}
            yield Problem(STORE_PROJECT_REFUSED, self.around.at, facts)

    def notes(self) -> Iterator[Problem]:
        said = "it can take minutes until all readers get the new version"
        yield from self.written_often(_SOON, said)

    def opened(self) -> Store:
        calls, parent = client_of(self.options, self.around.environ, self.patience)
        return SecretManager(calls, parent, self.options)
