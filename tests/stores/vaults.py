"""What the tests of Vault share: a sink of it that has the rights its page lists, and no others."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from tests.stores.destinations import ENVIRONMENT, StoreDestination
from tests.stores.servers.vault import Vault
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    WRITTEN,
    Obstacle,
    delivering,
    errors_of,
)

PAGE = Path(__file__).resolve().parents[2] / "docs/stores/vault.md"
QUOTA = "sys/quotas/rate-limit/few"
Policy = Mapping[str, tuple[str, ...]]


def policies_of_the_page() -> list[Policy]:
    """The capabilities by path of each policy on the page, in its order."""
    blocks = re.findall(r"```hcl\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    rule = re.compile(r'path "([^"]+)" \{\s+capabilities = \[([^]]+)\]\s+\}')
    return [
        {path: tuple(re.findall(r'"(\w+)"', found)) for path, found in rule.findall(block)}
        for block in blocks
    ]


def written_policy(policy: Policy) -> str:
    """A policy as Vault takes it."""
    rules = (
        f'path "{path}" {{ capabilities = {json.dumps(found)} }}' for path, found in policy.items()
    )
    return "\n".join(rules)


class VaultDestination(StoreDestination):
    """Secrets of KV version 2 below a prefix of its own, written with the rights of the page."""

    kind: ClassVar[str] = "vault"
    policy_on_page: ClassVar[int] = 0
    mount: ClassVar[str] = "secret"

    def __init__(
        self, server: Vault, folder: Path, name: str = "{profile}", **settings: Any
    ) -> None:
        self.prefix = f"t{uuid4().hex[:12]}"
        self.base = f"{self.prefix}/{ENVIRONMENT}"
        template = f"{self.prefix}/{{environment}}/{name}"
        super().__init__(folder, name=template, mount=self.mount, **settings)
        self.server = server
        self.let()
        self.environ |= {**server.environ, "VAULT_TOKEN": self.token()}

    def token(self, **about: Any) -> str:
        """A new token of a user who has the rights of this destination."""
        wanted = {"policies": [self.prefix], "no_default_policy": True, **about}
        auth = self.server.arrange("auth/token/create", wanted)["auth"]
        return str(auth["client_token"])

    # ── rights ───────────────────────────────────────────────────────────────────────────────────

    @property
    def policy(self) -> Policy:
        page = policies_of_the_page()[self.policy_on_page]
        return {path.replace("voxmint/production", self.base): one for path, one in page.items()}

    def let(self, policy: Policy | None = None) -> None:
        """From now on its users have these rights: those of the page, if none are given."""
        text = written_policy(self.policy if policy is None else policy)
        self.server.arrange(f"sys/policies/acl/{self.prefix}", {"policy": text})

    @contextmanager
    def letting(self, policy: Policy) -> Iterator[None]:
        self.let(policy)
        try:
            yield
        finally:
            self.let()

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, lambda: self.letting({"cubbyhole/none": ("read",)}))

    # ── what is there ────────────────────────────────────────────────────────────────────────────

    def path(self, name: str, kind: str = "data") -> str:
        return f"{self.mount}/{kind}/{name}"

    def names(self) -> list[str]:
        """All that is below the prefix, what is staged too."""
        return sorted(self._below(f"{self.prefix}/"))

    def _below(self, folder: str) -> Iterator[str]:
        found = self.server.ask("LIST", self.path(folder, "metadata"))
        for key in found.json().get("data", {}).get("keys", ()):
            if key.endswith("/"):
                yield from self._below(folder + key)
            else:
                yield folder + key

    def value(self, name: str) -> dict[str, Any] | None:
        """What an application gets of it; `None` where nothing."""
        answer = self.server.ask("GET", self.path(name))
        value: dict[str, Any] | None = (answer.json().get("data") or {}).get("data")
        return value

    def metadata(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.ask("GET", self.path(name, "metadata")).json()["data"]
        return found

    def marks(self, name: str) -> dict[str, str]:
        return self.metadata(name)["custom_metadata"] or {}

    def put(
        self, name: str, value: Mapping[str, Any], marks: Mapping[str, str] | None = None
    ) -> None:
        """Somebody else writes there."""
        self.server.arrange(self.path(name), {"data": value})
        if marks is not None:
            self.server.arrange(self.path(name, "metadata"), {"custom_metadata": marks})

    def values(self) -> Mapping[str, Any]:
        found = {name: self.value(name) for name in self.names() if is_readers(name)}
        return {name: value for name, value in found.items() if value is not None}

    def state(self) -> object:
        return {name: (self.metadata(name), self.value(name)) for name in self.names()}

    @property
    def others(self) -> str:
        return f"{self.base}/somebody-elses"

    def add_foreign(self) -> bool:
        self.put(self.others, {"theirs": "1"}, {"team": "them"})
        return True

    def foreign(self) -> object:
        return self.metadata(self.others), self.value(self.others)

    @property
    def name(self) -> str:
        """The secret of the profile `clinic`."""
        return f"{self.base}/clinic"

    @property
    def staged(self) -> str:
        return f"{self.name}.voxmint-staged"


def is_readers(name: str) -> bool:
    """Whether it is a secret that an application reads."""
    own = name.rpartition("/")[2]
    return not own.endswith((".voxmint-staged", ".voxmint-marks", "somebody-elses"))


def written(vault: StoreDestination, number: int = 1) -> None:
    assert vault.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(vault: StoreDestination) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    sink = vault.sink("clinic")
    [before] = errors_of(sink)
    assert failed(vault) == before
    return before


def failed(vault: StoreDestination, number: int = 9) -> Problem:
    """Why a write fails."""
    try:
        vault.sink("clinic").write(delivering("clinic", number=number))
    except ProblemsError as error:
        [problem] = error.problems
        return problem
    raise AssertionError("it was written")
