"""The keys of a project's files, apart from the request: what each means and takes.

They are read from the JSON Schemas that editors are given, so that both say the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from voxmint.profiles.fields import REQUEST, Type
from voxmint.profiles.policies.reading import KEYS as POLICY_KEYS
from voxmint.profiles.schemas import Schema

_LAYER = frozenset(field.name for field in REQUEST.fields)
"""What the table of fields explains."""

_PROFILE = {
    "extends": "extends: [bases/hands-free, bases/german]",
    "abstract": "abstract: true",
    "description": "description: Dictation in the exam rooms",
    "labels": "labels: {team: clinic, tier: gold}",
    "environments": "environments: {production: {expires_after: {seconds: 120}}}",
    "vars": "vars: {specialty: cardiology}",
}
_GATEWAY = "kind: compatible, url: https://gateway.example/v1"
_ON_AZURE = "kind: azure, url: https://clinic.openai.azure.com"
_PROVIDER = {
    "kind": "kind: openai",
    "api": f"{_GATEWAY}, api: client_secrets",
    "url": _GATEWAY,
    "key": "kind: openai, key: {env: CLINIC_OPENAI_KEY}",
    "key.env": "kind: openai, key: {env: CLINIC_OPENAI_KEY}",
    "key.file": "kind: openai, key: {file: /run/secrets/openai}",
    "key.command": "kind: openai, key: {command: [pass, show, openai]}",
    "key.keyring": "kind: openai, key: {keyring: openai}",
    "key.aws": "kind: openai, key: {aws: {secret: speech/openai}}",
    "key.aws.secret": "kind: openai, key: {aws: {secret: speech/openai}}",
    "key.aws.region": "kind: openai, key: {aws: {secret: speech/openai, region: eu-central-1}}",
    "key.aws.field": "kind: openai, key: {aws: {secret: speech/openai, field: api_key}}",
    "key.vault": "kind: openai, key: {vault: {secret: speech/openai, field: api_key}}",
    "key.vault.secret": "kind: openai, key: {vault: {secret: speech/openai, field: api_key}}",
    "key.vault.field": "kind: openai, key: {vault: {secret: speech/openai, field: api_key}}",
    "key.vault.mount": "kind: openai, key: {vault: {mount: kv, secret: openai, field: api_key}}",
    "key.vault.namespace": "kind: openai, key: "
    "{vault: {namespace: clinic, secret: openai, field: api_key}}",
    "key.vault.login": "kind: openai, key: {vault: {secret: openai, field: api_key, login: jwt}}",
    "key.vault.login_mount": "kind: openai, key: "
    "{vault: {secret: openai, field: api_key, login: jwt, login_mount: jwt-gitlab}}",
    "key.vault.role": "kind: openai, key: "
    "{vault: {secret: openai, field: api_key, login: jwt, role: minter}}",
    "key.vault.audience": "kind: openai, key: "
    "{vault: {secret: openai, field: api_key, login: jwt, audience: 'https://vault.example'}}",
    "key.gcp": "kind: openai, key: {gcp: {secret: speech-openai}}",
    "key.gcp.secret": "kind: openai, key: {gcp: {secret: speech-openai}}",
    "key.gcp.project": "kind: openai, key: {gcp: {secret: speech-openai, project: clinic-keys}}",
    "key.gcp.location": "kind: openai, key: {gcp: {secret: speech-openai, location: europe-west3}}",
    "key.gcp.field": "kind: openai, key: {gcp: {secret: speech-openai, field: api_key}}",
    "key.azure": "kind: openai, key: {azure: {secret: speech-openai}}",
    "key.azure.secret": "kind: openai, key: {azure: {secret: speech-openai}}",
    "key.azure.vault": "kind: openai, key: {azure: {secret: speech-openai, vault: clinic-keys}}",
    "key.azure.field": "kind: openai, key: {azure: {secret: speech-openai, field: api_key}}",
    "organization": "kind: openai, organization: org-clinic",
    "project": "kind: openai, project: proj_clinic",
    "safety_identifier": "kind: openai, safety_identifier: ward-7",
    "deployments": f"{_ON_AZURE}, deployments: {{gpt-transcribe: ward}}",
    "headers": f"{_GATEWAY}, headers: {{X-Team: clinic}}",
    "ca_file": f"{_GATEWAY}, ca_file: certificates/gateway.pem",
}
_WHERE = {
    "where": "labels: {tier: gold}",
    "where.labels": "labels: {tier: [gold, silver]}",
    "where.names": 'names: ["call-center/*", "!*-test"]',
}
_SINK = {
    "kind": "path: .env.production",
    "path": "path: .env.production",
    "values": "path: .env, values: [client_secret, expires_at]",
    "prefix": "path: .env, prefix: VOICE_",
    "constants": "path: .env, constants: {VOICE_REGION: eu}",
    "mode": 'path: .env, mode: "0640"',
    "group": "path: .env, group: www-data",
    "names": 'path: .env, names: {client_secret: "{profile}_TOKEN"}',
    "names.client_secret": 'path: .env, names: {client_secret: "{profile}_TOKEN"}',
    "names.expires_at": 'path: .env, names: {expires_at: "{profile}_UNTIL"}',
    "names.session_id": 'path: .env, names: {session_id: "{profile}_ID"}',
    "names.profiles": "path: .env, names: {profiles: {ward-7: SEVEN}}",
    "allow_tracked": "path: .env, allow_tracked: true",
    "allow_unignored": "path: .env, allow_unignored: true",
}
_AWS = "kind: aws-secretsmanager"
_SSM = "kind: aws-ssm"
_AZURE = "kind: azure-keyvault"
_GCP = "kind: gcp-secretmanager"
_KUBERNETES = "kind: kubernetes"
_VAULT = "kind: vault"
_GITHUB = "kind: github-secrets"
_SELECTED = f"{_GITHUB}, organization: clinic, visibility: selected"
_STORE = {
    "name": f'{_AWS}, name: "speech/{{environment}}/{{profile}}"',
    "payload": f"{_AWS}, payload: token",
    "deleted": f"{_AWS}, deleted: recover",
    "region": f"{_AWS}, region: eu-central-1",
    "kms_key": f"{_AWS}, kms_key: alias/speech",
    "tags": f'{_AWS}, tags: {{cost-center: "4711"}}',
    "recovery_days": f"{_AWS}, recovery_days: 7",
    "endpoint": f"{_AWS}, endpoint: https://secrets.example",
    "vault": f"{_AZURE}, vault: clinic-speech",
    "tier": f"{_SSM}, tier: standard",
    "expire": f"{_SSM}, expire: true",
    "project": f"{_GCP}, project: clinic-speech",
    "location": f"{_GCP}, location: europe-west3",
    "replicas": f"{_GCP}, replicas: [europe-west1, europe-west3]",
    "alias": f"{_GCP}, alias: speech",
    "older": f"{_GCP}, older: disable",
    "mount": f"{_VAULT}, mount: kv",
    "namespace": f"{_VAULT}, namespace: clinic/speech",
    "address": f"{_VAULT}, address: https://vault.example:8200",
    "login": f"{_VAULT}, login: jwt",
    "login_mount": f"{_VAULT}, login: jwt, login_mount: jwt-gitlab",
    "role": f"{_VAULT}, login: jwt, role: minter",
    "audience": f"{_VAULT}, login: jwt, audience: https://vault.example",
    "versions": f"{_VAULT}, versions: 1",
    "context": f"{_KUBERNETES}, context: clinic-cluster",
    "annotations": f'{_KUBERNETES}, annotations: {{reloader.stakater.com/match: "true"}}',
    "labels": f"{_KUBERNETES}, labels: {{team: speech}}",
    "repository": f"{_GITHUB}, repository: clinic/speech",
    "environment": f"{_GITHUB}, environment: production",
    "organization": f"{_GITHUB}, organization: clinic",
    "visibility": f"{_GITHUB}, organization: clinic, visibility: all",
    "repositories": f"{_SELECTED}, repositories: [speech]",
    "url": f"{_GITHUB}, url: https://github.example/api/v3",
}
_OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "aws-ssm": {
        "name": 'name: "/speech/{environment}/{profile}"',
        "kms_key": "kms_key: alias/speech",
        "tags": 'tags: {cost-center: "4711"}',
    },
    "directory": {"path": "path: .tokens"},
    "gcp-secretmanager": {
        "kms_key": "kms_key: projects/clinic/locations/global/keyRings/speech/cryptoKeys/tokens",
        "labels": "labels: {team: speech}",
        "expire": "expire: true",
        "endpoint": "endpoint: https://secrets.example",
    },
    "github-secrets": {
        "name": 'name: "SPEECH_{environment}_{profile}"',
        "payload": "payload: token",
    },
    "keyring": {"name": 'name: "speech/{environment}/{profile}"'},
    "kubernetes": {
        "name": 'name: "speech-{environment}-{profile}"',
        "namespace": "namespace: speech",
    },
    "vault": {
        "names": "names: {client_secret: token}",
        "names.client_secret": "names: {client_secret: token}",
        "names.expires_at": "names: {expires_at: until}",
        "names.session_id": "names: {session_id: session}",
        "names.profiles": "names: {profiles: {ward-7: seven}}",
    },
}
"""What a kind of sink takes under the name of another kind's key, by its own meaning."""
_OF_KIND: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (kind, f"sinks.{name}"): f"sinks: [{{kind: {kind}, {text}}}]"
        for kind, texts in _OTHERWISE.items()
        for name, text in texts.items()
    }
)
_ALL = "{kind: dotenv, path: .env.all}"
_ENVIRONMENT = {
    "extends": "extends: staging",
    "abstract": "abstract: true",
    "description": "description: The ward's devices",
    "provider": "provider: {kind: openai, key: {env: CLINIC_OPENAI_KEY}}",
    **{f"provider.{name}": f"provider: {{{text}}}" for name, text in _PROVIDER.items()},
    "mint": "mint: {concurrency: 16, requests_per_minute: 600, burst: 50}",
    "mint.concurrency": "mint: {concurrency: 16}",
    "mint.requests_per_minute": "mint: {requests_per_minute: 600}",
    "mint.burst": "mint: {requests_per_minute: 600, burst: 50}",
    "mint.timeout": "mint: {timeout: 300}",
    "mint.request_timeout": "mint: {request_timeout: 60}",
    "mint.connect_timeout": "mint: {connect_timeout: 5}",
    "mint.attempts": "mint: {attempts: 8}",
    "mint.retry_unanswered": "mint: {retry_unanswered: 0}",
    "profiles": 'profiles: ["*", "!*-test"]',
    "overlay": "overlay: [{where: {labels: {tier: gold}}, vars: {region: us}}]",
    **{
        f"overlay.{name}": f"overlay: [{{where: {{{text}}}, vars: {{region: us}}}}]"
        for name, text in _WHERE.items()
    },
    "sinks": "sinks: [{kind: dotenv, path: .env.production}]",
    **{f"sinks.{name}": f"sinks: [{{kind: dotenv, {text}}}]" for name, text in _SINK.items()},
    **{
        f"sinks.{name}": f"sinks: [{_ALL}, {{kind: dotenv, path: .env.some, where: {{{text}}}}}]"
        for name, text in _WHERE.items()
    },
    **{f"sinks.{name}": f"sinks: [{{{text}}}]" for name, text in _STORE.items()},
    "sinks.format": "sinks: [{kind: stdout, format: ndjson}]",
    "vars": "vars: {region: eu}",
}
_POLICY = (
    "policies: [{name: short-lived, message: they reach patient data, severity: error, "
    'where: {labels: {tier: gold}, names: ["call-center/*"]}, environments: [production], '
    'path: expires_after.seconds, rule: "{{ value | default(600) <= 900 }}"}]'
)
_PROJECT = {
    "version": "version: 1",
    "profiles": "profiles: speech/profiles",
    "environments": "environments: speech/environments",
    "policies": _POLICY,
    **{f"policies.{name}": _POLICY for name in (*POLICY_KEYS, "where.labels", "where.names")},
}
_EXAMPLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"profile": _PROFILE, "environment": _ENVIRONMENT, "project": _PROJECT}
)
"""Each key as its file may write it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a file: its dotted path from the file's root, list items left out.

    `type` is in the words of messages. `within` are the names of the keys below it. `kinds` are the
    kinds of sink that take it; none means all.
    """

    file: str
    path: str
    about: str
    type: str
    values: tuple[str, ...] = ()
    default: str = ""
    required: bool = False
    within: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @property
    def example(self) -> str:
        """How the file may write it."""
        of_kind = (_OF_KIND.get((kind, self.path)) for kind in self.kinds)
        return next(filter(None, of_kind), None) or _EXAMPLES[self.file].get(self.path, "")


def keys_of(file: str, schema: Schema) -> tuple[Key, ...]:
    """The keys of one kind of file, in the schema's order, each before what stands below it."""
    found = list(_Reader(file, schema.get("$defs", {})).below(schema, ""))
    every = {kind for key in found for kind in key.kinds}
    merged: dict[tuple[str, str], Key] = {}
    for key in found:
        known = merged.get((key.path, key.about), key)
        # Several forms share a key, each with words of its own: the kinds of sink.
        values = tuple(dict.fromkeys((*known.values, *key.values)))
        kinds = tuple(dict.fromkeys((*known.kinds, *key.kinds)))
        merged[key.path, key.about] = replace(key, values=values, kinds=kinds)
    return tuple(
        replace(key, kinds=()) if every.issubset(key.kinds) else key for key in merged.values()
    )


class _Reader:
    """Walks a schema through its references and choices, past templates and directives."""

    def __init__(self, file: str, definitions: Mapping[str, Schema]) -> None:
        self._file = file
        self._definitions = definitions

    def below(self, schema: Schema, path: str, kinds: tuple[str, ...] = ()) -> Iterator[Key]:
        for choice in self._choices(schema):
            inner = choice.get("items", choice)
            for one in self._choices(inner):
                properties = one.get("properties", {})
                own = _kind_of(properties) or kinds
                for name, value in properties.items():
                    if name not in _LAYER and not (path and name == "vars"):
                        required = name in one.get("required", ())
                        yield from self._key(value, f"{path}{name}", required, own)

    def _key(
        self, schema: Schema, path: str, required: bool, kinds: tuple[str, ...]
    ) -> Iterator[Key]:
        inner = list(self.below(schema, f"{path}.", kinds))
        depth = path.count(".") + 1
        yield Key(
            self._file,
            path,
            self._about(schema),
            self._type(schema),
            self._values(schema),
            self._default(schema),
            required,
            tuple(dict.fromkeys(key.name for key in inner if key.path.count(".") == depth)),
            kinds,
        )
        yield from inner

    def _choices(self, schema: Schema) -> Iterator[Schema]:
        """What the schema comes to: each choice with nothing left to look up."""
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            yield from self._choices(self._definitions[name])
        elif _any_of(schema):
            for one in _any_of(schema):
                yield from self._choices(one)
        elif not _is_directive(schema):
            yield schema

    def _about(self, schema: Schema) -> str:
        """The description that stands nearest to the key."""
        while "description" not in schema:
            inner = _any_of(schema)
            reference = str(schema.get("$ref", "")).rpartition("/")[2]
            schema = self._definitions[reference] if reference else inner[0] if inner else {}
            if not schema:
                return ""
        return str(schema["description"])

    def _type(self, schema: Schema) -> str:
        words: dict[str, None] = {}
        for choice in self._choices(schema):
            names = choice.get("type", _type_of(choice.get("const")))
            for name in [names] if isinstance(names, str) else names:
                words |= {Type(name).words: None} if name != "null" else {}
        return ", or ".join(words)

    def _values(self, schema: Schema) -> tuple[str, ...]:
        values: dict[str, None] = {}
        for choice in self._choices(schema):
            constant = [choice["const"]] if "const" in choice else []
            values |= dict.fromkeys(str(one) for one in choice.get("enum", constant))
        return tuple(values)

    def _default(self, schema: Schema) -> str:
        found: Any = schema.get("default")
        for one in _any_of(schema):
            found = one.get("default") if found is None else found
        if isinstance(found, bool):
            return str(found).lower()
        return f"{found:g}" if isinstance(found, float) else _plain(found)


def _kind_of(properties: Mapping[str, Schema]) -> tuple[str, ...]:
    """The kind that a choice is for, where its `kind` can be one only."""
    kind = properties.get("kind", {}).get("const")
    return () if kind is None else (str(kind),)


def _any_of(schema: Schema) -> list[Schema]:
    """The choices that a schema leaves, where it says nothing of its own."""
    return [] if "properties" in schema else schema.get("anyOf") or schema.get("oneOf") or []


def _type_of(constant: object) -> str | list[str]:
    return [] if constant is None else Type.INTEGER if type(constant) is int else Type.STRING


def _plain(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _is_directive(schema: Schema) -> bool:
    """Whether it is what the merge takes beside a plain value."""
    names = schema.get("propertyNames", {}).get("enum", ()) or schema.get("properties", ())
    return bool(names) and all(name.startswith("$") for name in names)
