"""The settings of an environment: provider and mint. Their shape, and what is wrong with it.

These are voxmint's own settings, not the API's, so pydantic checks them; what it finds is told in
the project's words, at the place in the file.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType, NoneType
from typing import Annotated, Any, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from voxmint.origin import Path
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, find_nearest, key_origin, origin, value_of
from voxmint.profiles.endpoints import DEFAULT_API, Api, Kind
from voxmint.profiles.key_stores import KeyInAws, KeyInAzure, KeyInGcp, KeyInStore, KeyInVault
from voxmint.profiles.meant import meant_scalar, spaced
from voxmint.profiles.values import briefly, described


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _without_template(text: str) -> str:
    """The text; a template in it would be sent as it is written, which nobody can mean."""
    if any(opening in text for opening in ("{{", "{%", "{#")):
        raise ValueError("templates are not rendered here: write the value itself")
    return text


Text = Annotated[
    str,
    AfterValidator(_without_template),
    # What is wrong with an empty one is said with whatever else a header cannot be.
    Field(json_schema_extra={"minLength": 1, "not": {"pattern": r"\{[{%#]"}}),
]
"""What is sent as it is written, in a header."""
Name = Annotated[
    str,
    # First, so that it is the text that is too short, and not whatever has a length.
    Field(min_length=1),
    AfterValidator(_without_template),
    Field(json_schema_extra={"not": {"pattern": r"\{[{%#]"}}),
]


class Key(_Settings):
    """Where the upstream key is found: exactly one of these. Never the key itself."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        default=None, description="The variable that holds the key."
    )
    file: Name | None = Field(
        default=None,
        description="The file that holds the key and nothing else, from the project's folder; "
        "outside it, its path in full. git must not track it.",
    )
    command: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None,
        description="The command that prints the key, as a list of words, run without a shell. "
        "Whoever runs voxmint must allow it (VOXMINT_ALLOW_KEY_COMMAND=1).",
    )
    keyring: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="The entry of the service `voxmint` in the keyring of whoever runs voxmint: "
        "what `keyring set voxmint ENTRY` put there. Needs the extra: pip install "
        "'voxmint[keyring]'.",
    )
    aws: KeyInAws | None = Field(
        default=None,
        description="The secret of AWS Secrets Manager that holds the key. Whoever runs voxmint "
        "must allow it (VOXMINT_ALLOW_KEY_SECRETS=aws:NAME). Needs the extra: pip install "
        "'voxmint[aws]'.",
    )
    vault: KeyInVault | None = Field(
        default=None,
        description="The secret of Vault or OpenBao that holds the key. Whoever runs voxmint must "
        "allow it (VOXMINT_ALLOW_KEY_SECRETS=vault:MOUNT/PATH). Needs the extra: pip install "
        "'voxmint[vault]'.",
    )
    gcp: KeyInGcp | None = Field(
        default=None,
        description="The secret of Google Secret Manager that holds the key. Whoever runs voxmint "
        "must allow it (VOXMINT_ALLOW_KEY_SECRETS=gcp:NAME). Needs the extra: pip install "
        "'voxmint[gcp]'.",
    )
    azure: KeyInAzure | None = Field(
        default=None,
        description="The secret of Azure Key Vault that holds the key. Whoever runs voxmint must "
        "allow it (VOXMINT_ALLOW_KEY_SECRETS=azure:NAME). Needs the extra: pip install "
        "'voxmint[azure]'.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Key":
        given = [getattr(self, name) for name in self.model_fields_set]
        if len(given) != 1 or given[0] is None:
            *names, last = type(self).model_fields
            raise ValueError(f"give exactly one of {', '.join(names)} and {last}")
        return self

    @property
    def in_store(self) -> tuple[str, KeyInStore] | None:
        """The kind of secrets manager that holds the key, and where it is there."""
        kinds: dict[str, KeyInStore | None] = {
            "aws": self.aws,
            "vault": self.vault,
            "gcp": self.gcp,
            "azure": self.azure,
        }
        return next(((kind, one) for kind, one in kinds.items() if one is not None), None)


class Provider(_Settings):
    """Where sessions are minted, and how."""

    kind: Kind = Field(
        description="Who answers: OpenAI itself, an Azure resource, anything compatible such as a "
        "gateway, or the emulator on this machine, which takes no key."
    )
    api: Api | None = Field(
        default=None,
        description="The endpoint. By default client_secrets of openai and azure, "
        "transcription_sessions of compatible and emulator.",
    )
    url: Annotated[str, Field(json_schema_extra={"minLength": 1})] | None = Field(
        default=None,
        description="The base URL, which ends before /realtime, as in https://gateway.example/v1. "
        "azure and compatible need it; whoever runs voxmint must allow its host.",
    )
    key: Key | None = Field(
        default=None,
        description="Where the upstream key is found; never the key itself. By default the "
        "variable OPENAI_API_KEY, for azure AZURE_OPENAI_API_KEY.",
    )
    organization: Text | None = Field(
        default=None, description="Sent as the header OpenAI-Organization."
    )
    project: Text | None = Field(default=None, description="Sent as the header OpenAI-Project.")
    safety_identifier: Text | None = Field(
        default=None,
        description="Sent as the header OpenAI-Safety-Identifier, which binds an end user to the "
        "minted sessions.",
    )
    deployments: dict[str, Name] = Field(
        default={},
        description="What is sent for each model: on Azure the name of its deployment, so that "
        "one profile serves every provider.",
    )
    headers: dict[str, Text] = Field(
        default={},
        description="Further headers of each request; none that leads elsewhere or holds a key.",
    )
    ca_file: Name | None = Field(
        default=None,
        description="Certificates in PEM form, from the project's folder: the only ones that the "
        "host is trusted by. Not for openai.",
    )

    @field_validator("url")
    @classmethod
    def _is_plain_url(cls, url: str | None) -> str | None:
        if url is not None:
            _check_url(url)
        return url

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Provider":
        if self.kind in ("azure", "compatible") and self.url is None:
            raise ValueError(f"a provider of kind {self.kind} needs `url`")
        if self.kind == "openai" and self.ca_file is not None:
            raise ValueError("`ca_file` is for hosts that the operator named, not for openai")
        if self.kind == "emulator" and self.key is not None:
            raise ValueError("the emulator reads no key; remove `key`")
        return self

    @property
    def asks(self) -> Api:
        """The endpoint: the one that `api` names, or the kind's default."""
        return self.api or DEFAULT_API[self.kind]


def _check_url(url: str) -> None:
    """That a URL is scheme, host, port and path, and nothing that hides where it leads."""
    if "{" in url or any(ord(character) <= 0x20 or ord(character) > 0x7E for character in url):
        raise ValueError("write the URL in plain ASCII, without templates or spaces")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a URL such as https://gateway.example/v1")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError("a URL must not hold a user name or password")
    if parts.query or parts.fragment or "\\" in url:
        raise ValueError("a URL ends with its path here: no `?`, `#` or `\\`")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port must be a number from 1 to 65535") from None


Positive = Annotated[int, Field(gt=0)]


class Mint(_Settings):
    """How fast and how long a run may mint."""

    concurrency: Annotated[int, Field(gt=0, le=256)] = Field(
        default=8, description="How many requests are under way at once."
    )
    requests_per_minute: Positive | None = Field(
        default=None,
        description="How many requests may leave in a minute; as many as can unless set.",
    )
    burst: Positive | None = Field(
        default=None,
        description="How many requests may leave at once before requests_per_minute holds; 1 "
        "unless set.",
    )
    timeout: Annotated[float, Field(gt=0)] = Field(
        default=120.0, description="How long the whole run may take, in seconds."
    )

    request_timeout: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="How long one request may take from its first byte to the end of its answer, "
        "in seconds; 30 unless set.",
    )
    connect_timeout: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="How long it may take until a connection stands, in seconds; 10 unless set.",
    )
    attempts: Annotated[int, Field(gt=0, le=100)] | None = Field(
        default=None,
        description="How often a profile's request is sent at most, where waiting can heal what "
        "it is refused for; 5 unless set.",
    )
    retry_unanswered: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="How often a request that got no answer is sent again; each time, another "
        "token may live that nobody has. 1 unless set.",
    )

    @field_validator("timeout", "request_timeout", "connect_timeout", mode="before")
    @classmethod
    def _whole_seconds(cls, value: object) -> object:
        return float(value) if type(value) is int else value


S = TypeVar("S", bound=BaseModel)


def read_settings(
    model: type[S], cell: Cell | None, owner: str
) -> tuple[S | None, tuple[Problem, ...]]:
    """The settings in a merged map, and what is wrong with them, each at its place."""
    value = {} if cell is None else value_of(cell)
    try:
        return model.model_validate(value), ()
    except ValidationError as failure:
        if cell is None:
            return None, ()
        details = failure.errors(include_url=False, include_input=False)
        problems = tuple(_problem(cell, detail, owner, model) for detail in details)
        return None, tuple(one for one in problems if not _is_misspelt(one, problems))


def _is_misspelt(problem: Problem, problems: Iterable[Problem]) -> bool:
    """Whether a key is missing because it is misspelt, which is said."""
    if problem.kind is not wording.MISSING_KEY:
        return False
    lacking = (problem.facts["owner"], problem.facts["key"])
    return any(lacking == (one.facts.get("owner"), one.facts.get("nearest")) for one in problems)


def _problem(cell: Cell, detail: Any, owner: str, model: type[BaseModel]) -> Problem:
    """What pydantic found, in the project's words and at its place."""
    path = tuple(part for part in detail["loc"] if not str(part).startswith("function-"))
    found = find_nearest(cell, path)
    kind, context = detail["type"], detail.get("ctx", {})
    field = ".".join(map(str, (owner, *path)))
    if kind == "extra_forbidden":
        return _unknown_key(found, path, owner, _known_at(model, path[:-1]))
    if kind == "missing":
        facts = {"owner": f"`{owner}`", "key": path[-1]}
        return Problem(wording.MISSING_KEY, key_origin(found), facts)
    if kind == "literal_error":
        return _bad_word(found, field, model, path)
    if kind in _EXPECTED:
        return _wrong_type(found, field, kind)
    said = _SAID[kind].format_map(context) if kind in _SAID else _lower(str(detail["msg"]))
    facts = {"field": field, "said": said.removeprefix("value error, ")}
    at = origin(found) if path else key_origin(found)
    return Problem(wording.BAD_SETTING, at, facts)


_EXPECTED = {
    "model_type": "a map",
    "model_attributes_type": "a map",
    "dict_type": "a map",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
"""What a field takes, by pydantic's name for the error."""

_SAID = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} item",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be letters, digits and underscores, the first no digit",
}
"""What is wrong, by pydantic's name for the error."""


def _unknown_key(found: Cell, path: Path, owner: str, known: list[str]) -> Problem:
    where = ".".join(map(str, (owner, *path[:-1])))
    facts = {
        "key": path[-1],
        "owner": f"`{where}`",
        "known": ", ".join(f"`{name}`" for name in known),
        **nearest(str(path[-1]), known),
        **spaced(str(path[-1])),
    }
    return Problem(wording.UNKNOWN_KEY, key_origin(found), facts)


def _bad_word(found: Cell, field: str, model: type[BaseModel], path: Path) -> Problem:
    value = value_of(found)
    words = _words_at(model, path)
    facts = {
        "field": field,
        "value": briefly(value),
        "values": ", ".join(f"`{word}`" for word in words),
        **(nearest(value, words) if isinstance(value, str) else {}),
    }
    return Problem(wording.BAD_VALUE, origin(found), facts)


def _wrong_type(found: Cell, field: str, kind: str) -> Problem:
    value = value_of(found)
    facts: dict[str, object] = {
        "field": field,
        "expected": _EXPECTED[kind],
        "found": described(value),
    }
    if field == "provider.key" and isinstance(value, str) and not _VARIABLE.fullmatch(value):
        # It may well be the key itself, of a form that nothing tells from other texts.
        return Problem(wording.LITERAL_KEY, origin(found))
    unit = "seconds" if field in _IN_SECONDS else ""
    facts |= meant_scalar(value, _ACCEPTS.get(kind, frozenset()), unit) | _meant_map(value, field)
    return Problem(wording.WRONG_TYPE, origin(found), facts)


_ACCEPTS: Mapping[str, frozenset[type]] = MappingProxyType(
    {
        "string_type": frozenset({str}),
        "int_type": frozenset({int}),
        "float_type": frozenset({int, float}),
        "bool_type": frozenset({bool}),
    }
)
"""The types of values that a field takes, by pydantic's name for the error."""

_IN_SECONDS = frozenset({"mint.timeout", "mint.request_timeout", "mint.connect_timeout"})

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""A name as variables have them, which no key looks like."""


def _meant_map(value: object, field: str) -> dict[str, object]:
    """A map of one key, where only its value stands."""
    if field == "provider.key" and isinstance(value, str):
        return {"map": f"{{env: {value}}}"}
    if field == "provider.key" and isinstance(value, list):
        return {"map": f"{{command: {briefly(value)}}}"}
    return {}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _known_at(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields at a path of a model."""
    return sorted(getattr(_annotated(model, path), "model_fields", {}))


def _words_at(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """The words that the field at a path of a model takes."""
    return get_args(_annotated(model, path))


def _annotated(model: type[BaseModel], path: Path) -> Any:
    """The type of the field at a path of a model, `None` as another choice left aside."""
    current: Any = model
    for part in path:
        field = getattr(current, "model_fields", {}).get(part)
        annotation = getattr(field, "annotation", None)
        choices = get_args(annotation)
        current = choices[0] if NoneType in choices else annotation
    return current
