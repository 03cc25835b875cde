"""The sink for Kubernetes: a Secret for each profile, or one for an environment.

```yaml
sinks:
  - kind: kubernetes
    name: voxmint-{environment}-{profile}     # without {profile}: one Secret for all of them
    namespace: speech                         # else that of the context, or the pod's own
    context: clinic-cluster                   # one of the operator's own; else the current one
    values: [client_secret]                   # a key for each value
```

It writes by server-side apply, as the field manager `voxmint`: what others hold in the same Secret
stays. There is no place for a value that nobody reads yet, so it is staged as a dry run, in which
the server does all but keep it. The switch is the same request, for the version that was looked at
and no other.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores import kubernetes_api as api, kubernetes_fields as fields
from voxmint.engine.stores.asking import each
from voxmint.engine.stores.contract import (
    MISSING,
    Draft,
    Found,
    Presence,
    Store,
    Trouble,
    What,
)
from voxmint.engine.stores.marks import ENVIRONMENT, MANAGED_BY, claim_of, own_marks
from voxmint.engine.stores.naming import NameForm, Naming
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import (
    STORE_FOREIGN,
    STORE_NAME_INVALID,
)
from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.kubernetes_options import KubernetesOptions

Data = Mapping[str, str]
"""What is in a Secret, by key, in base64."""

_DRY = "dry-run:"
"""Before the version that a dry run was for: there is nothing else that it left."""
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


class _Form(NameForm):
    """Names in small letters: others become such, and not dashes."""

    def safe(self, text: str) -> str:
        return super().safe(text.lower())


class _Naming(Naming):
    """Names of members that can be keys of a Secret."""

    def member_of(self, profile: str) -> str:
        return re.sub(r"[^-._A-Za-z0-9]", "-", super().member_of(profile))


class KubernetesSink(StoreSink):
    """Secrets of a Kubernetes cluster."""

    kind: ClassVar[str] = "kubernetes"
    Options = OptionsWhenNeeded("voxmint.engine.stores.kubernetes_options:KubernetesOptions")
    title = "Kubernetes"
    # What it stages is a dry run.
    keeps_staged = False
    extra = "kubernetes"
    client = "lightkube"
    page = "docs/stores/kubernetes.md"
    form = _Form(
        r"a-z0-9.\-",
        253,
        "at most 253 small letters, digits, dashes and dots, with a letter or digit at both ends "
        "and on both sides of a dot",
        pattern=rf"{_LABEL}(\.{_LABEL})*",
    )
    largest = 1024 * 1024
    workers = 8
    loggers = ("httpx2", "httpcore2")

    def __init__(self, options: "KubernetesOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: KubernetesOptions = options

    @property
    def place(self) -> str:
        return " ".join(filter(None, (self.options.context, self.options.namespace)))

    @property
    def naming(self) -> Naming:
        options = self.options
        return _Naming(options.name, self.around.environment, self.form, options.names.profiles)

    def opened(self) -> Store:
        from voxmint.engine.stores.kubernetes_access import access, client_of

        found = access(self.around.environ, self.options.context)
        namespace = self.options.namespace or found.namespace
        secrets = api.Secrets(client_of(found), namespace)
        is_shared = self.naming.is_shared
        return Kubernetes(
            secrets, self.options, self.around, is_shared=is_shared, called=self.called
        )

    def setting_flaws(self) -> Iterator[Problem]:
        if not self.naming.is_shared:
            return
        from voxmint.engine.stores.kubernetes_options import KEY

        for profile in self.around.profiles:
            key = self.naming.member_of(profile)
            if not KEY.fullmatch(key):
                said = "a key has at most 253 letters, digits and - _ . and is not . or .."
                facts = {"profile": profile, "name": key, "store": self.title, "said": said}
                affected = ((profile, self.around.environment),)
                yield Problem(STORE_NAME_INVALID, self.around.at, facts, affects=affected)

    def refusal(self, name: str, found: Found) -> Problem | None:
        if found.presence is Presence.DELETED:
            said = "it is being deleted, and a finalizer holds it until somebody else is done"
            return self.problem_of(Trouble(What.REFUSED, said=said), name)
        return super().refusal(name, found)

    def rehearsed(self, found: Mapping[str, Found]) -> Iterator[Problem]:
        """What would keep Kubernetes from taking a value: asked in a dry run, with none in it."""
        store = cast("Kubernetes", self.store)
        names = [name for name, one in found.items() if self.refusal(name, one) is None]
        keys = self._keys()
        results = each(
            store, names, lambda name: store.rehearse(name, found[name], keys), self.workers
        )
        told: set[What] = set()
        for name, result in results.items():
            if isinstance(result, Problem):
                yield result
            # One of a kind is enough: a right that is missing is missing for all of them.
            elif isinstance(result, Trouble) and result.what not in told:
                told.add(result.what)
                yield self.problem_of(result, name)

    def _keys(self) -> Sequence[str]:
        if self.naming.is_shared:
            return [self.naming.member_of(one) for one in self.around.profiles]
        return list(self.members.values())


class Kubernetes(Store):
    """The Secrets of one namespace, by the client."""

    def __init__(
        self,
        secrets: api.Secrets,
        options: "KubernetesOptions",
        around: Surroundings,
        *,
        is_shared: bool,
        called: str,
    ) -> None:
        self._secrets = secrets
        self._called = called
        self._options = options
        self._environment = around.environment
        self._at: Origin | None = around.at
        self._force = around.adopts
        self._is_shared = is_shared
        # A session may have no id.
        always = [one for one in options.values if one != "session_id" and not is_shared]
        self._keys = {getattr(options.names, one) for one in always}
        self._would_hold: dict[str, Secret] = {}

    def trouble_of(self, error: Exception) -> Trouble:
        return api.trouble_of(error)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        found = self._secrets.metadata(name)
        if found is None:
            return MISSING
        metadata = found["metadata"]
        presence = Presence.DELETED if metadata.get("deletionTimestamp") else Presence.THERE
        marks, holding = fields.marks_of(metadata), fields.holding_of(metadata)
        if not self._keys <= holding.own:
            # Somebody else has set one since. Whose it is stays true, and not what it holds.
            marks = {name: marks[name] for name in (MANAGED_BY, ENVIRONMENT) if name in marks}
        return Found(presence, metadata["resourceVersion"], marks, detail=holding)

    def read(self, name: str, version: str | None) -> Secret | None:
        # Of any other version there is but the one that readers have.
        if version is not None and version.startswith(_DRY):
            return None
        found = self._secrets.whole(name)
        return None if found is None else self._own_value(found)

    def _own_value(self, found: api.Body) -> Secret | None:
        """What voxmint holds in a Secret, as JSON; what others hold there is theirs."""
        data, own = found.get("data") or {}, fields.holding_of(found["metadata"]).own
        try:
            texts = {key: base64.b64decode(data[key]).decode() for key in sorted(own & data.keys())}
        except ValueError:
            return None
        return Secret(json.dumps({key: self._member(key, text) for key, text in texts.items()}))

    def _member(self, key: str, text: str) -> object:
        """A value as it was before it was put into a Secret, which holds texts alone."""
        if not self._is_shared:
            is_number = key == self._options.names.expires_at and text.isdecimal()
            return int(text) if is_number else text
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return found if isinstance(found, dict) else text

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def rehearse(self, name: str, found: Found, keys: Sequence[str]) -> None:
        """Ask the server whether it would take a value with these keys, without keeping it."""
        body = self._body(name, dict.fromkeys(keys, ""), claim_of(self._environment), found)
        holding = _holding(found)
        self._applied(body, dry=True, force=holding is not None and holding.is_as_made)

    def stage(self, draft: Draft) -> str:
        found = self._as_applied(draft)
        answer = self._applied(self._body_of(draft, found), dry=True)
        value = self._own_value(answer)
        if value is not None:
            self._would_hold[draft.name] = value
        return f"{_DRY}{found.version or ''}"

    def _as_applied(self, draft: Draft) -> Found:
        """What was found, with what voxmint holds of it held by its applying.

        If it is still held by its making, as where a run ended in between, an apply would be in
        conflict with that.
        """
        found, holding = draft.found, _holding(draft.found)
        if holding is None or not holding.is_as_made:
            return found
        return replace(found, version=self._hand_over(draft.name, found.version, holding))

    def _hand_over(self, name: str, version: str | None, holding: fields.Holding) -> str:
        entries = fields.as_applied(holding.fields)
        body = {"metadata": {"resourceVersion": version, "managedFields": entries}}
        return str(self._secrets.merge(name, body)["metadata"]["resourceVersion"])

    def verify(self, draft: Draft, version: str) -> bool:  # noqa: ARG002  # a name has one draft
        """Whether the server, in the dry run, made of the value what it was."""
        found = self._would_hold.pop(draft.name, None)
        return found is not None and draft.content.is_in(found)

    def switch(self, draft: Draft, version: str) -> None:
        now = replace(draft.found, version=version.removeprefix(_DRY))
        try:
            if draft.found.presence is Presence.MISSING:
                self._make(draft)
            else:
                self._applied(self._body_of(draft, now), dry=False)
        except Exception:
            # The answer may be lost, and the value in place.
            if not self._is_in_place(draft):
                raise

    def _make(self, draft: Draft) -> None:
        """Make the Secret with all that is in it, so that nobody ever reads an empty one.

        An apply would also write into one that was made meanwhile.
        """
        made = self._secrets.make(self._body_of(draft, MISSING))
        metadata = made["metadata"]
        # If this fails, the next write does it.
        with suppress(Exception):
            holding = fields.holding_of(metadata)
            self._hand_over(draft.name, metadata["resourceVersion"], holding)

    def _is_in_place(self, draft: Draft) -> bool:
        with suppress(Exception):
            found = self.look(draft.name)
            value = self.read(draft.name, None)
            is_its = own_marks(found.marks) == dict(draft.marks)
            return is_its and value is not None and draft.content.is_in(value)
        return False

    def _applied(self, body: api.Body, *, dry: bool, force: bool = False) -> api.Body:
        try:
            return self._secrets.apply(body, dry=dry, force=force or self._force)
        except api.RefusedError as error:
            holders = error.refusal.holders
            if not holders:
                raise
        manager, held = holders[0]
        owner = f"the field manager `{manager}` holds `{held}` in it"
        facts = {"name": body["metadata"]["name"], "store": self._called, "owner": owner}
        raise failure(STORE_FOREIGN, at=self._at, **facts)

    def _body_of(self, draft: Draft, found: Found) -> api.Body:
        data = {key: _coded(value) for key, value in draft.content.values().items()}
        return self._body(draft.name, data, draft.marks, found)

    def _body(self, name: str, data: Data, marks: Mapping[str, str], found: Found) -> api.Body:
        options = self._options
        told = {
            "labels": {**options.labels, **fields.labels(marks)},
            "annotations": {**options.annotations, **fields.annotations(marks)},
        }
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, **told, **_of_this_one(found)},
            "data": data,
        }

    def discard(self, draft: Draft, version: str) -> None:  # noqa: ARG002  # a dry run left nothing
        self._would_hold.pop(draft.name, None)

    def remove(self, name: str, found: Found) -> None:
        holding = _holding(found)
        if holding is None:
            return
        if holding.others - holding.own:
            self._withdraw(name, found, holding)
        else:
            self._secrets.delete(name, holding.uid, found.version)

    def _withdraw(self, name: str, found: Found, holding: fields.Holding) -> None:
        """Take out what voxmint holds of a Secret in which others hold something, too."""
        if holding.is_as_made:
            found = replace(found, version=self._hand_over(name, found.version, holding))
        metadata = {"name": name, **_of_this_one(found)}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        self._applied(body, dry=False)


def _of_this_one(found: Found) -> dict[str, str | None]:
    """What in an apply says that it is meant for the version that was looked at, and no new one."""
    holding = _holding(found)
    return {"uid": holding.uid, "resourceVersion": found.version} if holding else {}


def _holding(found: Found) -> fields.Holding | None:
    """What a look told of who holds what; `None` where nothing was there."""
    return found.detail if isinstance(found.detail, fields.Holding) else None


def _coded(value: object) -> str:
    """A value as a Secret holds it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return base64.b64encode(text.encode()).decode()
