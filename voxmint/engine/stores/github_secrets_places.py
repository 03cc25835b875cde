"""Where GitHub's secrets are: whose, at which address, by whose token, and by whose word.

A token's rights reach further than one project: to each repository that its owner may write. So a
repository or an organization that the project's files name counts only where it is the one whose
job this is, or where the operator allows it. Otherwise an edit of an environment's file, perhaps in
a pull request, could have tokens written where somebody else reads them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from voxmint.engine.upstream.hosts import Host
from voxmint.problems import UsageError
from voxmint.shown import shown

ALLOW_REPOSITORIES = "VOXMINT_ALLOW_REPOSITORIES"
"""The operator's variable: repositories and organizations that tokens may be written to."""
REPOSITORY = "GITHUB_REPOSITORY"
"""Whose job this is, as GitHub tells its jobs."""

BESIDE = "_MARKS"
"""The end of a variable's name, after the name of the secret that it tells of."""

_PUBLIC = "https://api.github.com"
_OWNER = r"[A-Za-z0-9_-]{1,100}"
_NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"


class Target(Protocol):
    """What the settings say of it, as `github_secrets_options` has it."""

    @property
    def repository(self) -> str | None: ...
    @property
    def environment(self) -> str | None: ...
    @property
    def organization(self) -> str | None: ...


def is_owner(text: str) -> bool:
    """Whether a user or an organization can have this name."""
    return re.fullmatch(_OWNER, text) is not None


def is_repository_name(text: str) -> bool:
    """Whether a repository can have this name, its owner left out."""
    return re.fullmatch(_NAME, text) is not None


def is_repository(text: str) -> bool:
    """Whether it is OWNER/NAME."""
    return re.fullmatch(f"{_OWNER}/{_NAME}", text) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """Whose secrets and variables they are.

    `base` is the beginning of their path and `said` what they are called. `secrets_right` and
    `variables_right` are the permissions of a token, as GitHub calls them. `most` is how many
    secrets there may be.
    """

    base: str
    said: str
    secrets_right: str
    variables_right: str
    most: int

    @property
    def key(self) -> str:
        """The path of the public key."""
        return f"{self.base}/secrets/public-key"

    def secret(self, name: str) -> str:
        """The path of a secret."""
        return f"{self.base}/secrets/{name}"

    def variable(self, name: str = "") -> str:
        """The path of a variable, or of all."""
        return f"{self.base}/variables/{name}".rstrip("/")


def owner_named(target: Target, environ: Mapping[str, str]) -> str | None:
    """The organization or repository that is meant; `None` where nothing says which."""
    return target.organization or target.repository or environ.get(REPOSITORY) or None


def place_of(target: Target, owner: str) -> Place:
    """The place that settings amount to; `owner` is an `owner_named` of a sound form."""
    if target.organization:
        said = f"the organization {owner}"
        return Place(f"/orgs/{owner}/actions", said, *_IN_ORGANIZATION, most=1000)
    if target.environment:
        name = quote(target.environment, safe="")
        said = f"the environment `{target.environment}` of {owner}"
        return Place(f"/repos/{owner}/environments/{name}", said, *_IN_ENVIRONMENT, most=100)
    return Place(f"/repos/{owner}/actions", f"the repository {owner}", *_IN_REPOSITORY, most=100)


_IN_REPOSITORY = ("Secrets", "Variables")
_IN_ENVIRONMENT = ("Environments", "Environments")
_IN_ORGANIZATION = ("organization Secrets", "organization Variables")


def is_allowed(owner: str, environ: Mapping[str, str]) -> bool:
    """Whether this is the repository whose job this is, or one that the operator names.

    `UsageError` for an entry of the operator's that names nothing.
    """
    known = {environ.get(REPOSITORY, "").casefold(), *allowed_owners(environ)}
    return owner.casefold() in known


def allowed_owners(environ: Mapping[str, str]) -> Iterator[str]:
    """The repositories and organizations in `VOXMINT_ALLOW_REPOSITORIES`, in small letters.

    Compared whole: an organization's name allows its own secrets, and no repository of it.
    """
    for entry in filter(None, map(str.strip, environ.get(ALLOW_REPOSITORIES, "").split(","))):
        if not (is_repository(entry) or is_owner(entry)):
            raise UsageError(
                f"`{shown(entry)}` is not a repository to allow",
                f"{ALLOW_REPOSITORIES} takes OWNER/NAME, or the name of an organization for its "
                "own secrets, whole and without wildcards",
            )
        yield entry.casefold()


# ── the address, and the token for it ────────────────────────────────────────────────────────────


def operator_url(environ: Mapping[str, str]) -> str:
    """The API's address by the operator's own variables, or that of GitHub itself."""
    host = environ.get("GH_HOST", "").strip().lower()
    if not host:
        return environ.get("GITHUB_API_URL") or _PUBLIC
    if host == "github.com":
        return _PUBLIC
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"https://{host}/api/v3"


def token_names(host: Host) -> tuple[str, str]:
    """The variables that hold a token for a host, the first one first, as GitHub's `gh` has it.

    A token for GitHub itself is sent to no other host.
    """
    if host.name == "api.github.com" or host.name.endswith(".ghe.com"):
        return "GH_TOKEN", "GITHUB_TOKEN"
    return "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"
