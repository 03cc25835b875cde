"""The sink for Vault and OpenBao: a secret of a KV engine for each profile, or for an environment.

```yaml
sinks:
  - kind: vault
    name: voxmint/{environment}/{profile}     # without {profile}: one secret for all of them
    mount: secret                             # KV version 2 or 1, whichever is there
    namespace: speech                         # else VAULT_NAMESPACE
    login: jwt                                # token, approle, jwt, kubernetes
    role: minter
```

A new value is staged as a secret of its own beside the one it is for, and read back. Then it is
written by check-and-set from the version that was looked at, and what was staged is removed.
`vault_kv2.py` and `vault_kv1.py` say how; here stands what can be told without asking.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores.contract import Store
from voxmint.engine.stores.marks import document_marks, fingerprint
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import STORE_TOO_LARGE
from voxmint.problems import Problem

if TYPE_CHECKING:
    from voxmint.engine.stores.vault_options import VaultOptions

_MARKS = 64
"""How many names the custom metadata of a secret may have."""


class VaultSink(StoreSink):
    """Secrets of a KV engine."""

    kind: ClassVar[str] = "vault"
    Options = OptionsWhenNeeded("voxmint.engine.stores.vault_options:VaultOptions")
    title = "Vault"
    extra = "vault"
    client = "hvac"
    page = "docs/stores/vault.md"
    form = NameForm(
        r"A-Za-z0-9/_.\-",
        400,
        "ASCII letters, digits and / _ . -, at most 400 of them; no part that is empty or begins "
        "with a dot, and none that ends in .voxmint-staged or .voxmint-marks",
        pattern=r"(?!/)(?!.*//)(?!.*/$)(?!(.*/)?\.)(?!.*\.voxmint-(staged|marks)(/|$)).+",
    )
    # Integrated storage takes entries of 1 MiB, with what Vault adds to them.
    largest = 1_000_000
    loggers = ("hvac", "requests", "urllib3")

    def __init__(self, options: "VaultOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: VaultOptions = options

    @property
    def place(self) -> str:
        options = self.options
        return " ".join(filter(None, (options.address, options.namespace, options.mount)))

    def endpoint(self) -> str | None:
        return self.options.address

    def setting_flaws(self) -> Iterator[Problem]:
        if not self.naming.is_shared:
            return
        prints = map(fingerprint, self.around.profiles)
        marks = document_marks(self.around.environment, prints, 0, "commit")
        if len(marks) > _MARKS:
            said = f"its metadata has room for {_MARKS} names, and the marks of "
            said += f"{len(self.around.profiles):,} profiles take {len(marks)}"
            facts = {"name": self.naming.outline, "store": self.title, "said": said}
            yield Problem(STORE_TOO_LARGE, self.around.at, facts)

    def opened(self) -> Store:
        from voxmint.engine.stores.vault_kv import KV
        from voxmint.engine.stores.vault_session import session_for

        session = session_for(self.options, self.around.environ, self.workers)
        return KV(session, self.options.mount, self.options.versions)
