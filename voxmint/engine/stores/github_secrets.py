"""The sink for GitHub Actions secrets: of a repository, an environment or an organization.

```yaml
sinks:
  - kind: github-secrets
    repository: clinic/speech                 # else GITHUB_REPOSITORY
    environment: production                   # its deployment environment; or organization: clinic
    name: VOXMINT_{environment}_{profile}
    payload: token                            # or json
```
"""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores.contract import Found, Store, StoreError, Trouble, What
from voxmint.engine.stores.endpoints import url_flaws
from voxmint.engine.stores.github_secrets_places import (
    ALLOW_REPOSITORIES,
    BESIDE,
    REPOSITORY,
    is_allowed,
    is_owner,
    is_repository,
    operator_url,
    owner_named,
    place_of,
    token_names,
)
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import (
    STORE_FULL,
    STORE_REPOSITORY_MISSING,
    STORE_REPOSITORY_REFUSED,
)
from voxmint.engine.upstream.hosts import url_of
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.github_secrets_api import Api
    from voxmint.engine.stores.github_secrets_options import GithubSecretsOptions


class _Capitals(NameForm):
    """Names that GitHub writes in capitals, whoever gave them."""

    def safe(self, text: str) -> str:
        return super().safe(text.upper())


class GithubSecretsSink(StoreSink):
    """Secrets for GitHub's jobs."""

    kind: ClassVar[str] = "github-secrets"
    Options = OptionsWhenNeeded("voxmint.engine.stores.github_secrets_options:GithubSecretsOptions")
    title = "GitHub"
    extra = "github"
    page = "docs/stores/github-secrets.md"
    form = _Capitals(
        "A-Z0-9_",
        # GitHub tells no limit; this leaves room for the end of the variable's name in 255.
        240,
        "capital ASCII letters, digits and _, at most 240 of them, with no digit and no GITHUB_ at "
        "the beginning",
        instead="_",
        pattern="(?!GITHUB_)[A-Z_].*",
    )
    largest = 48 * 1024
    workers = 4
    loggers = ("httpcore", "httpx")
    keeps_staged = False
    pause: ClassVar[Callable[[float], None]] = staticmethod(time.sleep)
    """What waits for so many seconds where GitHub asks for it."""

    def __init__(self, options: "GithubSecretsOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: GithubSecretsOptions = options

    @property
    def place(self) -> str:
        options = self.options
        owner = owner_named(options, self.around.environ) or ""
        # GitHub does not tell names from each other by capitals.
        parts = (owner.casefold(), (options.environment or "").casefold(), options.url)
        return " ".join(filter(None, parts))

    def endpoint(self) -> str | None:
        return self.options.url

    @property
    def url(self) -> str:
        """Where GitHub's API is asked."""
        return self.options.url or operator_url(self.around.environ)

    def setting_flaws(self) -> Iterator[Problem]:
        most = 1000 if self.options.organization else 100
        count = len(self.around.profiles)
        if count > most:
            said = f"{count} profiles, and at most {most} secrets are there"
            facts = {"store": self.title, "name": self.target, "said": said, "page": self.page}
            yield Problem(STORE_FULL, self.around.at, facts)

    def reach_problems(self) -> Iterator[Problem]:
        yield from super().reach_problems()
        if self.options.url is None:
            yield from url_flaws(self, self.url)
        yield from self._owner_flaws()

    def _owner_flaws(self) -> Iterator[Problem]:
        """That tokens would go to somebody whom nobody named, or whom only a file names."""
        environ, at = self.around.environ, self.around.at
        owner = owner_named(self.options, environ)
        is_sound = is_owner if self.options.organization else is_repository
        if owner is None or not is_sound(owner):
            facts = {"target": self.target, "variable": REPOSITORY}
            yield Problem(STORE_REPOSITORY_MISSING, at, facts)
        elif not is_allowed(owner, environ):
            facts = {"target": self.target, "owner": owner, "variable": ALLOW_REPOSITORIES}
            yield Problem(STORE_REPOSITORY_REFUSED, at, facts)

    def refusal(self, name: str, found: Found) -> Problem | None:
        # Without a version there is no secret, and what is in the way is its variable.
        is_variable = found.is_there and found.version is None
        return super().refusal(f"{name}{BESIDE}" if is_variable else name, found)

    def opened(self) -> Store:
        from voxmint.engine.stores.github_secrets_store import GithubSecrets

        owner = owner_named(self.options, self.around.environ) or ""
        place = place_of(self.options, owner)
        return GithubSecrets(self._api(), place, self.options, self.members)

    def _api(self) -> "Api":
        from voxmint.engine.providers.contract import bearer
        from voxmint.engine.stores.github_secrets_api import CONNECT, Api
        from voxmint.engine.upstream.http import upstream_to

        url = url_of(self.url)
        if url is None:
            raise ProblemsError(url_flaws(self, self.url))
        names = token_names(url.host)
        environ = self.around.environ
        source = next((one for one in names if environ.get(one, "").strip()), None)
        if source is None:
            said = f"no token for {url.host} in {names[0]} or {names[1]}"
            raise StoreError(Trouble(What.LOGIN, said=said))
        token = environ[source].strip()
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise StoreError(Trouble(What.LOGIN, said=f"what {source} holds is no token"))
        headers = (bearer(Secret(token)), (b"X-GitHub-Api-Version", b"2022-11-28"))
        upstream = upstream_to(str(url), url.host, headers, environ, None, CONNECT)
        return Api(upstream, source, self.workers, type(self).pause)
