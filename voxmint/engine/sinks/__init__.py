"""The sinks there are, by kind: those of voxmint, and those that installed packages bring.

A new one is a file in this folder and a line below. Another package offers its own in the
entry-point group `voxmint.sinks`; it is imported only by what is about to write.
"""

import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.wording import SINK_UNKNOWN, SINK_UNLOADABLE
from voxmint.problems import ProblemsError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "voxmint.sinks"
"""The entry-point group of sinks that come with other packages."""

SINKS: Mapping[str, str] = MappingProxyType(
    {
        "aws-secretsmanager": "voxmint.engine.stores.aws_secretsmanager:SecretsManagerSink",
        "aws-ssm": "voxmint.engine.stores.aws_ssm:ParameterStoreSink",
        "azure-keyvault": "voxmint.engine.stores.azure_keyvault:KeyVaultSink",
        "directory": "voxmint.engine.sinks.directory:DirectorySink",
        "dotenv": "voxmint.engine.sinks.dotenv:DotenvSink",
        "gcp-secretmanager": "voxmint.engine.stores.gcp_secretmanager:SecretManagerSink",
        "github-env": "voxmint.engine.sinks.github:GithubEnvSink",
        "github-output": "voxmint.engine.sinks.github:GithubOutputSink",
        "github-secrets": "voxmint.engine.stores.github_secrets:GithubSecretsSink",
        "json": "voxmint.engine.sinks.json_document:JsonSink",
        "keyring": "voxmint.engine.stores.keyring:KeyringSink",
        "kubernetes": "voxmint.engine.stores.kubernetes:KubernetesSink",
        "stdout": "voxmint.engine.sinks.stdout:StdoutSink",
        "vault": "voxmint.engine.stores.vault:VaultSink",
        "yaml": "voxmint.engine.sinks.yaml_document:YamlSink",
    }
)
"""voxmint's own sinks: kind → module and class, imported when used."""


def known_kinds() -> frozenset[str]:
    """The kinds of all sinks there are; of other packages only the metadata is read."""
    return frozenset(SINKS) | {entry.name for entry in _offered()}


def own_sink(kind: str) -> type[Sink] | None:
    """The class of one of voxmint's own sinks, or `None`; what only reads goes no further."""
    if kind not in SINKS:
        return None
    module, _, name = SINKS[kind].partition(":")
    found: type[Sink] = getattr(import_module(module), name)
    return found


def readable_sink(kind: str) -> type[Sink] | None:
    """As `own_sink`; `None` for another package's, `ProblemsError` where nobody has the kind."""
    # Looking through what is installed takes long; for voxmint's own there is no need.
    if kind not in SINKS and kind not in known_kinds():
        raise _unknown(kind)
    return own_sink(kind)


def sink_class(kind: str) -> type[Sink]:
    """The class of a sink of any package, for what is about to write.

    `ProblemsError` where there is none of this kind, or it cannot be loaded. voxmint's own cannot
    be replaced by another package's.
    """
    own = own_sink(kind)
    if own is not None:
        return own
    entry = next((entry for entry in _offered() if entry.name == kind), None)
    if entry is None:
        raise _unknown(kind)
    return _loaded(entry)


def _unknown(kind: str) -> ProblemsError:
    known = sorted(known_kinds())
    close: dict[str, Any] = {**nearest(kind, known)}
    return failure(SINK_UNKNOWN, kind=kind, known=", ".join(known), **close)


def _offered() -> "Iterable[EntryPoint]":
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _loaded(entry: "EntryPoint") -> type[Sink]:
    package = entry.dist.name if entry.dist else entry.value
    try:
        # What it prints is not what a program reads of a command.
        with redirect_stdout(sys.stderr):
            found = entry.load()
    except (Exception, SystemExit) as error:  # importing others' code can raise anything
        said = f"{type(error).__name__}: {error}"
        raise failure(SINK_UNLOADABLE, kind=entry.name, package=package, said=said) from error
    if not (isinstance(found, type) and issubclass(found, Sink)):
        raise failure(
            SINK_UNLOADABLE, kind=entry.name, package=package, said=f"{found!r} is not a sink"
        )
    return found
