"""The sink for AWS SSM Parameter Store: a parameter for each profile, or one for an environment.

```yaml
sinks:
  - kind: aws-ssm
    name: /voxmint/{environment}/{profile}    # without {profile}: one parameter for all of them
    region: eu-central-1                      # else the one of AWS's own configuration
    kms_key: alias/voxmint
    tier: by-size                             # or standard, advanced, intelligent
    expire: true                              # AWS deletes it with the token's end
```

Whoever reads a parameter by its name gets its latest version, so a new value is staged in a
parameter beside it and read back. The switch makes the parameter, which AWS does only where there
is none, or writes a version on top of the one that was looked at. AWS knows no condition for that:
the version is looked at right before, and the number that the new one gets tells whether another
one came between.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores import aws
from voxmint.engine.stores.aws_ssm_parameters import (
    LARGEST,
    LARGEST_STANDARD,
    SECURE,
    About,
    about_of,
    policies_of,
    tier_of,
    unfit,
)
from voxmint.engine.stores.content import Content
from voxmint.engine.stores.contract import (
    MISSING,
    Draft,
    Found,
    Presence,
    Store,
    StoreError,
    Trouble,
    What,
    cut_short,
)
from voxmint.engine.stores.marks import ENVIRONMENT, MANAGED_BY, marks_at, own_marks, told_of
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import (
    STORE_TOO_LARGE,
    STORE_UNFIT,
)
from voxmint.problems import Problem
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.aws_ssm_options import ParameterStoreOptions

LABEL = "voxmint"
"""The label of the version that voxmint wrote last."""
_STAGED = "/voxmint-staged-"
"""What the name of a staged value has after the parameter's own; 16 random digits follow."""
_VERSIONS = 100
"""How many versions AWS keeps of a parameter."""
_KIND = "Parameter"
_DESCRIPTION = "A short-lived token for realtime transcription, managed by voxmint"
_EXISTS = "ParameterAlreadyExists"
_CODES = MappingProxyType(
    {
        "InvalidResourceId": What.CHANGED,
        "ParameterLimitExceeded": What.FULL,
        "ParameterMaxVersionLimitExceeded": What.FULL,
        "ParameterNotFound": What.CHANGED,
        "ParameterVersionLabelLimitExceeded": What.FULL,
        "ParameterVersionNotFound": What.CHANGED,
        "TooManyTagsError": What.FULL,
        # Of one parameter, which somebody else writes at this moment.
        "TooManyUpdates": What.CHANGED,
        _EXISTS: What.CHANGED,
    }
)


class ParameterStoreSink(StoreSink):
    """Parameters of AWS Systems Manager."""

    kind: ClassVar[str] = "aws-ssm"
    Options = OptionsWhenNeeded("voxmint.engine.stores.aws_ssm_options:ParameterStoreOptions")
    title = "AWS Parameter Store"
    extra = aws.EXTRA
    page = "docs/stores/aws-parameter-store.md"
    form = NameForm(
        r"A-Za-z0-9_./\-",
        900,
        "a path as /voxmint/production/clinic, of at most 14 parts and 900 characters: ASCII "
        "letters, digits and . _ -, and neither aws nor ssm at its beginning",
        # AWS takes 15 parts, and 1,011 characters with those of an ARN before: a staged value's
        # name is longer by a part.
        pattern=r"(?!/(?i:aws|ssm))(/[^/]+){1,14}",
    )
    largest = LARGEST
    # AWS takes some three writes a second of an account unless it is asked for more.
    workers = 3
    loggers = aws.LOGGERS

    def __init__(self, options: "ParameterStoreOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: ParameterStoreOptions = options

    @property
    def place(self) -> str:
        return " ".join(filter(None, (self.options.region, self.options.endpoint)))

    def endpoint(self) -> str | None:
        return self.options.endpoint

    def oversize(self, name: str, content: Content) -> Iterator[Problem]:
        yield from super().oversize(name, content)
        size = _size(content)
        if self.options.tier == "standard" and LARGEST_STANDARD < size <= LARGEST:
            said = (
                f"{size:,} bytes, and a Standard parameter takes {LARGEST_STANDARD:,}; with "
                f"`tier: by-size` it would be an Advanced one, which takes {LARGEST:,}"
            )
            facts = {"name": name, "store": self.title, "said": said}
            yield Problem(STORE_TOO_LARGE, self.around.at, facts)

    def refusal(self, name: str, found: Found) -> Problem | None:
        refused = super().refusal(name, found)
        said = unfit(found.detail, self.options.tier) if isinstance(found.detail, About) else None
        if refused is not None or said is None:
            return refused
        facts = {"name": name, "store": self.title, "said": said}
        return Problem(STORE_UNFIT, self.around.at, facts)

    def opened(self) -> Store:
        options = self.options
        client = aws.client_of("ssm", options.region, options.endpoint, self.workers)
        return _ParameterStore(client, options)


class _ParameterStore(Store):
    """The service, by its client."""

    def __init__(self, client: Any, options: "ParameterStoreOptions") -> None:
        self._client = client
        self._options = options

    def trouble_of(self, error: Exception) -> Trouble:
        return aws.trouble_of(error, _CODES)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        about = next(self._described("Equals", name), None)
        if about is None:
            return MISSING
        try:
            tags = self._tags(name)
        except self._client.exceptions.InvalidResourceId:
            # It went between the two requests.
            return MISSING
        version = str(about["Version"])
        detail = replace(about_of(about), tags=tags)
        return Found(Presence.THERE, version, told_of(tags, version), detail=detail)

    def _described(self, how: str, name: str) -> Iterator[Mapping[str, Any]]:
        """The parameters of a name, or those whose names begin with it; no value among it."""
        chosen = {"Key": "Name", "Option": how, "Values": [name]}
        # A page may be empty and yet have another one after it.
        for page in self._client.get_paginator("describe_parameters").paginate(
            ParameterFilters=[chosen]
        ):
            yield from _demanded(page, "Parameters")

    def _tags(self, name: str) -> dict[str, str]:
        answer = self._client.list_tags_for_resource(ResourceType=_KIND, ResourceId=name)
        return {one["Key"]: one["Value"] for one in _demanded(answer, "TagList")}

    def read(self, name: str, version: str | None) -> Secret | None:
        """As `Store.read`; what was staged has a name of its own for a version."""
        which = version if _is_staged(name, version) else _at(name, version)
        known = self._client.exceptions
        try:
            answer = aws.answered(
                self._client.get_parameter, "Parameter", Name=which, WithDecryption=True
            )
        except (known.ParameterNotFound, known.ParameterVersionNotFound):
            return None
        return Secret(_demanded(answer["Parameter"], "Value"))

    def _latest(self, name: str) -> str | None:
        """The version that readers get; its value comes along, encrypted."""
        try:
            answer = aws.answered(self._client.get_parameter, "Parameter", Name=name)
        except self._client.exceptions.ParameterNotFound:
            return None
        return str(_demanded(answer["Parameter"], "Version"))

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        self._sweep(draft.name, draft.claim)
        self._make_room(draft)
        # A new name each time: AWS wants one that was deleted to be left alone for half a minute.
        staged = f"{draft.name}{_STAGED}{token_hex(8)}"
        try:
            self._set_aside(draft, staged)
        except Exception:
            with suppress(Exception):
                self._delete(staged)
            raise
        return staged

    def _set_aside(self, draft: Draft, staged: str) -> None:
        # Sent again, by the client or here, it finds what the first one has made.
        given = self._said(draft, About(settings=_about(draft).settings))
        given |= {"Name": staged, "Tags": _listed(draft.claim)}
        with suppress(self._client.exceptions.ParameterAlreadyExists):
            try:
                self._put(**given)
            except StoreError:
                self._put(**given)

    def _sweep(self, name: str, claim: Mapping[str, str]) -> None:
        """Take away what runs that were killed staged for a parameter."""
        for left in list(self._described("BeginsWith", name + _STAGED)):
            with suppress(self._client.exceptions.InvalidResourceId):
                if claim.items() <= self._tags(left["Name"]).items():
                    self._delete(left["Name"])

    def _make_room(self, draft: Draft) -> None:
        """See to it that AWS can drop a parameter's oldest version: it keeps one with a label."""
        latest = int(draft.found.version or 0)
        if latest < _VERSIONS:
            return
        page = self._client.get_parameter_history(Name=draft.name, MaxResults=1)
        for oldest in _demanded(page, "Parameters"):
            labels = oldest.get("Labels", ())
            if oldest["Version"] > latest - _VERSIONS + 1 or not labels:
                continue
            if set(labels) == {LABEL}:
                self._label(draft.name, latest)
                continue
            said = (
                f"its oldest version, {oldest['Version']}, has a label, which keeps AWS from "
                f"dropping it for version {latest + 1}: move the label, or remove it"
            )
            raise StoreError(Trouble(What.FULL, said=said))

    def discard(self, draft: Draft, version: str) -> None:
        if _is_staged(draft.name, version):
            self._delete(version)

    # ── switching ────────────────────────────────────────────────────────────────────────────────

    def switch(self, draft: Draft, version: str) -> None:
        is_new = draft.found.presence is Presence.MISSING
        number = self._make(draft) if is_new else self._replace(draft)
        self._label(draft.name, number)
        if not is_new:
            self._mark(draft, number)
        # What is left is taken away by the next run that stages the same parameter.
        with suppress(Exception):
            self.discard(draft, version)

    def settle(self, name: str, version: str, found: Found) -> None:
        self._label(name, int(found.version or 0))
        if _is_staged(name, version):
            self._delete(version)

    def _make(self, draft: Draft) -> int:
        tags = _listed({**self._options.tags, **marks_at(draft.marks, "1")})
        try:
            return self._put(Name=draft.name, Tags=tags, **self._said(draft, About()))
        except Exception:
            # The answer may be lost, and the client have sent it again: it finds its own.
            if self._is_written(draft, 1):
                return 1
            raise

    def _replace(self, draft: Draft) -> int:
        """Write a version on top of the one that was looked at; gives its number."""
        before = int(draft.found.version or 0)
        latest = int(self._latest(draft.name) or 0)
        if latest != before:
            if latest > before and self._is_written(draft, latest):
                # By an earlier run, which was cut short then.
                return latest
            raise _changed("another version is the latest one")
        try:
            given = self._said(draft, _about(draft))
            number = self._put(Name=draft.name, Overwrite=True, **given)
        except Exception:
            if self._is_written(draft, before + 1):
                return before + 1
            raise
        if number != before + 1 and not self._is_written(draft, before + 1):
            raise _changed(
                f"version {before + 1} was written at the same moment, and version {number} took "
                "its place; what it held is still to be read by its number"
            )
        return number

    def _is_written(self, draft: Draft, number: int) -> bool:
        """Whether a version holds what is to be written; `False` where that cannot be known."""
        with suppress(Exception):
            value = self.read(draft.name, str(number))
            return value is not None and draft.content.is_in(value)
        return False

    def _mark(self, draft: Draft, number: int) -> None:
        about = {"ResourceType": _KIND, "ResourceId": draft.name}
        marks = marks_at(draft.marks, str(number))
        stale = sorted(own_marks(_about(draft).tags).keys() - marks.keys())
        self._client.add_tags_to_resource(**about, Tags=_listed(marks))
        if stale:
            self._client.remove_tags_from_resource(**about, TagKeys=stale)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def _said(self, draft: Draft, about: About) -> dict[str, Any]:
        """What a write says of a parameter beside its name and tags."""
        options = self._options
        size = _size(draft.content)
        expires = options.expire and draft.is_all_ours
        policies = policies_of(about, draft.expires_at if expires else None)
        given = {
            "Description": _DESCRIPTION,
            **about.settings,
            "Value": draft.content.text(),
            "Type": SECURE,
            "Tier": tier_of(options.tier, size, about, expires=expires),
        }
        given |= {"KeyId": options.kms_key} if options.kms_key else {}
        return given | ({"Policies": policies} if policies is not None else {})

    def _put(self, **given: Any) -> int:
        """Write a value; gives the number of its version. Makes a parameter unless told else."""
        return int(aws.answered(self._client.put_parameter, "Version", **given)["Version"])

    def _label(self, name: str, number: int) -> None:
        """Move voxmint's label to a version."""
        aws.answered(
            self._client.label_parameter_version,
            "ParameterVersion",
            Name=name,
            ParameterVersion=number,
            Labels=[LABEL],
        )

    def remove(self, name: str, found: Found) -> None:
        self._delete(name)
        self._sweep(name, {mark: found.marks[mark] for mark in (MANAGED_BY, ENVIRONMENT)})

    def _delete(self, name: str) -> None:
        with suppress(self._client.exceptions.ParameterNotFound):
            self._client.delete_parameter(Name=name)


def _about(draft: Draft) -> About:
    """What is known of the parameter that a draft is for."""
    return draft.found.detail if isinstance(draft.found.detail, About) else About()


def _is_staged(name: str, version: str | None) -> bool:
    """Whether a version is one that was staged for a parameter, as a ledger may say."""
    return version is not None and version.startswith(name + _STAGED)


def _at(name: str, version: str | None) -> str:
    return f"{name}:{version}" if version else name


def _size(content: Content) -> int:
    """The bytes of a value."""
    return len(content.text().encode())


def _changed(said: str) -> StoreError:
    return StoreError(Trouble(What.CHANGED, said=said))


def _demanded(answer: Mapping[str, Any], name: str) -> Any:
    """What an answer has of a name: every whole one has it, if only an empty list."""
    if name not in answer:
        raise cut_short()
    return answer[name]


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": text} for name, text in sorted(tags.items())]
