"""The sink for Azure Key Vault: a secret for each profile, or one for an environment.

```yaml
sinks:
  - kind: azure-keyvault
    name: voxmint-{environment}-{profile}     # without {profile}: one secret for all of them
    vault: clinic-speech                      # or its URL; else AZURE_KEYVAULT_URL
    payload: token                            # else JSON with client_secret, expires_at, session_id
```

A new value is staged in a secret beside it, since whoever reads one gets its latest version: see
`azure_keyvault_store.py`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores import azure_keyvault_client as azure
from voxmint.engine.stores.azure_keyvault_store import (
    MOST_TAGS,
    STAGED,
    KeyVault,
    Versions,
    too_many,
)
from voxmint.engine.stores.contract import Found, Store, Trouble, What
from voxmint.engine.stores.marks import document_marks, fingerprint
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import STORE_TOO_LARGE
from voxmint.engine.upstream.hosts import url_of
from voxmint.problems import Problem

if TYPE_CHECKING:
    from voxmint.engine.stores.azure_keyvault_options import KeyVaultOptions

_VERSIONS = 500
"""With more versions than this a secret cannot be backed up."""
_WEEK = 7 * 24 * 3600


class KeyVaultSink(StoreSink):
    """Secrets of Azure Key Vault."""

    kind: ClassVar[str] = "azure-keyvault"
    Options = OptionsWhenNeeded("voxmint.engine.stores.azure_keyvault_options:KeyVaultOptions")
    title = "Azure Key Vault"
    extra = azure.EXTRA
    page = "docs/stores/azure-key-vault.md"
    form = NameForm(
        r"A-Za-z0-9\-",
        127 - len(STAGED),
        f"ASCII letters, digits and dashes, at most {127 - len(STAGED)} of them, and no "
        f"`{STAGED}` at the end",
        pattern=rf"(?i:(?!.*{STAGED}$).+)",
        is_caseless=True,
    )
    largest = 25600
    # Its client keeps ten connections and warns of each one more.
    workers = 8
    loggers = azure.LOGGERS
    pause: ClassVar[float] = azure.PAUSE

    def __init__(self, options: "KeyVaultOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: KeyVaultOptions = options

    @property
    def place(self) -> str:
        parts = url_of(self.endpoint() or self._operators or "")
        return str(parts.host) if parts else ""

    def endpoint(self) -> str | None:
        return azure.address_of(self.options.vault)

    @property
    def _operators(self) -> str | None:
        return self.around.environ.get(azure.URL_VARIABLE) or None

    def reach_problems(self) -> Iterator[Problem]:
        if not azure.is_operators(self.endpoint(), self.around.environ):
            yield from super().reach_problems()

    def setting_flaws(self) -> Iterator[Problem]:
        if self.naming.is_shared:
            prints = map(fingerprint, self.around.profiles)
            marks = document_marks(self.around.environment, prints, 0, "commit")
            tags = {**self.options.tags, **marks}
            if len(tags) > MOST_TAGS:
                facts = {"name": self.naming.outline, "store": self.title}
                yield Problem(STORE_TOO_LARGE, self.around.at, {**facts, "said": too_many(tags)})

    def notes(self) -> Iterator[Problem]:
        said = (
            "each version stays for as long as the secret does, and with more than "
            f"{_VERSIONS} it cannot be backed up"
        )
        yield from self.written_often(_WEEK / _VERSIONS, said)

    def refusal(self, name: str, found: Found) -> Problem | None:
        refused = super().refusal(name, found)
        if refused is not None:
            return refused
        if isinstance(found.detail, Versions) and found.detail.is_off:
            said = "its current version is disabled; enable it, or delete the secret"
            return self.problem_of(Trouble(What.REFUSED, "SecretDisabled", said=said), name)
        return None

    def opened(self) -> Store:
        url = azure.url_asked(self.options.vault, self.around.environ)
        return KeyVault(azure.client_of(url, self.pause), self.options)
