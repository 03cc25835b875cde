"""The settings of the sink for GitHub Actions secrets."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voxmint.engine.stores.github_secrets_places import is_owner, is_repository, is_repository_name
from voxmint.engine.stores.naming import PROFILE
from voxmint.engine.stores.options import FULL, Name, StoreOptions


def _repository(text: str) -> str:
    if not is_repository(text):
        raise ValueError("write it as OWNER/NAME, as in clinic/speech")
    return text


def _organization(text: str) -> str:
    if not is_owner(text):
        raise ValueError("write the organization's name alone, as in clinic")
    return text


def _name_alone(text: str) -> str:
    if not is_repository_name(text):
        raise ValueError("write a repository's name without its owner, as in speech")
    return text


def _environment(text: str) -> str:
    if text in (".", "..") or not text.isprintable():
        raise ValueError("no deployment environment of GitHub has this name")
    return text


def _fixed(values: object) -> object:
    return tuple(values) if isinstance(values, list) else values


class GithubSecretsOptions(StoreOptions):
    """What the sink is told."""

    name: Name = Field(
        default="VOXMINT_{environment}_{profile}",
        description="The secret's name, in capitals; {environment} and {profile} are written in "
        "capitals, and what GitHub does not take in them becomes _. {profile} has to be in it.",
    )
    payload: Literal["json", "token"] = Field(
        default="token",
        description="What a secret holds: the bare token, or a JSON object. GitHub hides a "
        "secret's whole value in logs, and so no part of a JSON object.",
    )
    repository: Annotated[str, AfterValidator(_repository), FULL] | None = Field(
        default=None,
        description="Whose secrets, as OWNER/NAME; GITHUB_REPOSITORY without it. Whoever runs "
        "voxmint has to allow any other one.",
    )
    environment: Annotated[str, Field(min_length=1), AfterValidator(_environment)] | None = Field(
        default=None,
        description="The repository's deployment environment whose secrets they are.",
    )
    organization: Annotated[str, AfterValidator(_organization), FULL] | None = Field(
        default=None,
        description="The organization whose secrets they are, instead of a repository's. Whoever "
        "runs voxmint has to allow it.",
    )
    visibility: Literal["private", "all", "selected"] = Field(
        default="private",
        description="Which repositories of the organization may use the secrets: those that are "
        "not public, all, or those in `repositories`.",
    )
    repositories: Annotated[
        tuple[Annotated[str, AfterValidator(_name_alone), FULL], ...], BeforeValidator(_fixed)
    ] = Field(default=(), description="The repositories that `visibility: selected` means.")
    url: str | None = Field(
        default=None,
        description="The address of another GitHub's API, as https://github.example/api/v3. "
        "Whoever runs voxmint has to allow its host.",
    )

    @model_validator(mode="after")
    def _each_profile_has_its_own(self) -> Self:
        if PROFILE not in self.name:
            raise ValueError(
                f"`name` needs {PROFILE}: GitHub gives no secret back, so nothing can be added to "
                "one for the whole environment"
            )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.organization and (self.repository or self.environment):
            raise ValueError(
                "the secrets are those of an `organization`, or of a `repository` and its "
                "`environment`: write one"
            )
        if not self.organization and self.visibility != "private":
            raise ValueError("`visibility` is for the secrets of an `organization`")
        if (self.visibility == "selected") != bool(self.repositories):
            raise ValueError("`repositories` and `visibility: selected` go together")
        return self
