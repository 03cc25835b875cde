"""The sink for AWS Secrets Manager: a secret for each profile, or one for an environment.

```yaml
sinks:
  - kind: aws-secretsmanager
    name: voxmint/{environment}/{profile}     # without {profile}: one secret for all of them
    region: eu-central-1                      # else the one of AWS's own configuration
    kms_key: alias/voxmint                    # for secrets that are made
    payload: token                            # else JSON with client_secret, expires_at, session_id
```

A new value is staged as a version with the label AWSPENDING and read back; then AWSCURRENT moves
from the version that was looked at, and only from that one. The first version of a secret is given
AWSCURRENT whatever is asked for, so a secret that is made begins with `{}`.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4, uuid5

from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores import aws
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
from voxmint.engine.stores.marks import marks_at, own_marks, told_of
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.problems import Problem
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.aws_secretsmanager_options import SecretsManagerOptions

_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
_PLACEHOLDER = "{}"
_NOT_FOUND = "ResourceNotFoundException"
_OFTEN = 600
"""Seconds: a secret written more often than this runs into the quota of its versions."""
_CODES = MappingProxyType(
    {
        "LimitExceededException": What.FULL,
        "PreconditionNotMetException": What.CHANGED,
        "ResourceExistsException": What.CHANGED,
        _NOT_FOUND: What.CHANGED,
    }
)
_WRITES = ("CreateSecret", "PutSecretValue")


class SecretsManagerSink(StoreSink):
    """Secrets of AWS Secrets Manager."""

    kind: ClassVar[str] = "aws-secretsmanager"
    Options = OptionsWhenNeeded(
        "voxmint.engine.stores.aws_secretsmanager_options:SecretsManagerOptions"
    )
    title = "AWS Secrets Manager"
    extra = aws.EXTRA
    page = "docs/stores/aws-secrets-manager.md"
    form = NameForm(
        r"A-Za-z0-9/_+=.@\-",
        512,
        "ASCII letters, digits and / _ + = . @ -, at most 512 of them, with no dash and six "
        "characters at the end",
        # AWS adds such an end to each name by itself; with one of its own, names are mistaken.
        pattern=r"(?!.*-[A-Za-z0-9]{6}$).+",
    )
    largest = 65536
    loggers = aws.LOGGERS

    def __init__(self, options: "SecretsManagerOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: SecretsManagerOptions = options

    @property
    def place(self) -> str:
        return " ".join(filter(None, (self.options.region, self.options.endpoint)))

    def endpoint(self) -> str | None:
        return self.options.endpoint

    def notes(self) -> Iterator[Problem]:
        said = (
            "versions younger than a day stay, and more than one in ten minutes, for as long as "
            "that goes on, runs into their quota"
        )
        yield from self.written_often(_OFTEN, said)

    def opened(self) -> Store:
        options = self.options
        client = aws.client_of("secretsmanager", options.region, options.endpoint, self.workers)
        return _SecretsManager(client, options)


class _SecretsManager(Store):
    """The service, by its client."""

    def __init__(self, client: Any, options: "SecretsManagerOptions") -> None:
        self._client = client
        self._options = options

    def trouble_of(self, error: Exception) -> Trouble:
        if aws.code_of(error) == "InvalidRequestException":
            is_write = getattr(error, "operation_name", "") in _WRITES
            what = What.DELETED if is_write else What.REFUSED
            return aws.trouble_of(error, {"InvalidRequestException": what})
        return aws.trouble_of(error, _CODES)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        try:
            about = aws.answered(self._client.describe_secret, "ARN", SecretId=name)
        except self._client.exceptions.ResourceNotFoundException:
            return MISSING
        marks = {one["Key"]: one.get("Value", "") for one in about.get("Tags", ())}
        if about.get("DeletedDate"):
            return Found(Presence.DELETED, marks=marks)
        current = _version_of(about, _CURRENT)
        return Found(Presence.THERE, current, told_of(marks, current), detail=marks)

    def read(self, name: str, version: str | None) -> Secret | None:
        which = {"VersionId": version} if version else {"VersionStage": _CURRENT}
        try:
            answer = aws.answered(
                self._client.get_secret_value, "ARN", "VersionId", SecretId=name, **which
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None
        text = answer.get("SecretString")
        if text is None and "SecretBinary" not in answer:
            raise cut_short()
        return None if text is None else Secret(text)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        # The version's id is chosen here, so that a request that is sent again makes no other one.
        version = str(uuid4())
        if draft.found.presence is Presence.MISSING:
            self._make(draft, version)
        elif draft.found.version is None:
            self._put(draft.name, _before(version), _PLACEHOLDER, _CURRENT)
        try:
            self._put(draft.name, version, draft.content.text(), _PENDING)
        except Exception:
            with suppress(Exception):
                self.discard(draft, version)
            raise
        return version

    def _make(self, draft: Draft, version: str) -> None:
        options = self._options
        tags = {**options.tags, **draft.claim}
        key = {"KmsKeyId": options.kms_key} if options.kms_key else {}
        _twice(
            self._client.create_secret,
            "ARN",
            "VersionId",
            Name=draft.name,
            ClientRequestToken=_before(version),
            Description="A short-lived token for realtime transcription, managed by voxmint",
            SecretString=_PLACEHOLDER,
            Tags=_tags(tags),
            **key,
        )

    def _put(self, name: str, version: str, text: str, label: str) -> None:
        _twice(
            self._client.put_secret_value,
            "ARN",
            "VersionId",
            SecretId=name,
            ClientRequestToken=version,
            SecretString=text,
            VersionStages=[label],
        )

    def switch(self, draft: Draft, version: str) -> None:
        self._move(draft, version)
        name, marks = draft.name, marks_at(draft.marks, version)
        stale = sorted(own_marks(_all_marks(draft.found)).keys() - marks.keys())
        self._client.tag_resource(SecretId=name, Tags=_tags(marks))
        if stale:
            self._client.untag_resource(SecretId=name, TagKeys=stale)
        # A version that is current needs the label no more; the next one takes it in any case.
        with suppress(Exception):
            self._unlabel(name, version)

    def _move(self, draft: Draft, version: str) -> None:
        """Let AWSCURRENT lead to the version, from the one that was looked at."""
        before = self.before(draft, version)
        try:
            aws.answered(
                self._client.update_secret_version_stage,
                "ARN",
                SecretId=draft.name,
                VersionStage=_CURRENT,
                MoveToVersionId=version,
                RemoveFromVersionId=before,
            )
        except Exception:
            # The answer may be lost, and the move done; asked again, it would be refused.
            current = self.look(draft.name).version
            if current == version:
                return
            if current != before:
                said = "another version is the current one"
                raise StoreError(Trouble(What.CHANGED, said=said)) from None
            raise

    def before(self, draft: Draft, version: str) -> str:
        return draft.found.version or _before(version)

    def discard(self, draft: Draft, version: str) -> None:
        if draft.found.presence is Presence.MISSING:
            if self.look(draft.name).version == _before(version):
                self._delete(draft.name, 0)
            return
        self._unlabel(draft.name, version)

    def _unlabel(self, name: str, version: str) -> None:
        self._client.update_secret_version_stage(
            SecretId=name, VersionStage=_PENDING, RemoveFromVersionId=version
        )

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # AWS knows no condition here
        with suppress(self._client.exceptions.ResourceNotFoundException):
            self._delete(name, self._options.recovery_days)

    def _delete(self, name: str, days: int) -> None:
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        aws.answered(self._client.delete_secret, "ARN", SecretId=name, **how)

    def recover(self, name: str) -> None:
        aws.answered(self._client.restore_secret, "ARN", SecretId=name)


def _before(version: str) -> str:
    """The id of the version that a secret begins with, so that this one is not its first."""
    return str(uuid5(UUID(version), "before"))


def _all_marks(found: Found) -> Mapping[str, str]:
    """All that a look saw, those of a version that readers have no more among them."""
    return found.detail if isinstance(found.detail, dict) else {}


def _version_of(about: Mapping[str, Any], label: str) -> str | None:
    """The version that a label leads to."""
    versions = about.get("VersionIdsToStages", {})
    return next((one for one, labels in versions.items() if label in labels), None)


def _tags(marks: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": text} for name, text in sorted(marks.items())]


def _twice(call: Any, *demanded: str, **given: Any) -> None:
    """A write that may be sent again, since it has an id: done so where its answer is cut short."""
    try:
        aws.answered(call, *demanded, **given)
    except StoreError:
        aws.answered(call, *demanded, **given)
