"""How a cluster is reached: from where kubectl finds it, and never from the project's files.

That is the files in `KUBECONFIG`, merged as kubectl merges them, or `~/.kube/config`; where there
is none, the account that a pod is given. The client itself looks in one file only, and at a pod's
account before it, so it is told what was found here. What it would pass over in silence, and then
ask as somebody else or not as safely, is refused.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmint.engine.stores.contract import StoreError, Trouble, What

if TYPE_CHECKING:
    from lightkube.core.generic_client import GenericSyncClient

Part = Mapping[str, Any]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account."""

_CONNECT = 10
_READ = 30
_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_PATHS = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}
_NOT_HEEDED = {
    "cluster": ("tls-server-name",),
    "user": ("as", "as-uid", "as-groups", "as-user-extra", "auth-provider"),
}
_PLUGIN = "client.authentication.k8s.io/"


@dataclass(frozen=True, slots=True)
class Access:
    """A cluster, who asks it, and the namespace that is meant where none is named.

    Both are as a kubeconfig has them, with whole paths.
    """

    cluster: Part
    user: Part = field(repr=False)
    namespace: str


def access(environ: Mapping[str, str], context: str | None, account: Path = ACCOUNT) -> Access:
    """What the operator's settings say, of this context or the current one; `StoreError` if none.

    `account` is the folder of a pod's account.
    """
    files = [one for one in _listed(environ) if one.is_file()]
    config = _merged(map(_sections_of, files))
    name = context or config.get("current-context")
    if name:
        return _in_context(config, str(name))
    if environ.get("KUBERNETES_SERVICE_HOST") and (account / "token").is_file():
        return _of_the_pod(environ, account)
    if files:
        raise _no_access("the kubeconfig has no current context: name one with `context`")
    raise _no_access("there is no kubeconfig in KUBECONFIG or ~/.kube, and no account of a pod")


def client_of(access: Access) -> "GenericSyncClient":
    """A client for it, which asks nothing yet; `StoreError` where it cannot be set up."""
    from lightkube.config.client_adapter import ConnectionParams
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.generic_client import GenericSyncClient

    one = {
        "current-context": "this",
        "clusters": [{"name": "this", "cluster": access.cluster}],
        "users": [{"name": "this", "user": access.user}],
        "contexts": [{"name": "this", "context": {"cluster": "this", "user": "this"}}],
    }
    params = ConnectionParams(timeout=_timeout(), proxy=access.cluster.get("proxy-url"))
    try:
        return GenericSyncClient(params, KubeConfig.from_dict(one).get())
    except Exception:  # noqa: BLE001  # the parts that read certificates and keys raise what they like
        said = "its certificates, keys or address in the kubeconfig cannot be used"
    raise _no_access(said)


def _timeout() -> Any:
    import httpx2

    return httpx2.Timeout(_READ, connect=_CONNECT)


def _no_access(said: str) -> StoreError:
    return StoreError(Trouble(What.LOGIN, said=said))


# ── kubeconfigs ──────────────────────────────────────────────────────────────────────────────────


def _listed(environ: Mapping[str, str]) -> list[Path]:
    """The files that may be there; those that are not, kubectl passes over as well."""
    named = environ.get("KUBECONFIG", "")
    if named:
        return [Path(one) for one in named.split(os.pathsep) if one]
    return [Path(environ["HOME"], ".kube", "config")] if environ.get("HOME") else []


def _sections_of(path: Path) -> dict[str, Any]:
    """A kubeconfig: each section by name, with paths that do not depend on where the file is."""
    import yaml

    try:
        read = yaml.safe_load(path.read_bytes())
        found = {} if read is None else read
        sections = {
            section: {
                one["name"]: _whole(one[part], part, path) for one in found.get(section) or ()
            }
            for section, part in _SECTIONS.items()
        }
        return {**sections, "current-context": found.get("current-context")}
    except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError):
        said = f"{path} is not a kubeconfig that can be read"
    raise _no_access(said)


def _whole(found: Part, part: str, path: Path) -> Part:
    folder = path.absolute().parent
    paths = {one: str(folder / found[one]) for one in _PATHS.get(part, ()) if found.get(one)}
    return {**found, **paths, **_plugin(found, folder)} if part == "user" else {**found, **paths}


def _plugin(user: Part, folder: Path) -> dict[str, Any]:
    """The program that gives a user's credentials, as the client runs it.

    It knows the first versions of the agreement only. In the last one the program also learns from
    a variable what is expected of it, and answers alike.
    """
    plugin = user.get("exec")
    if not plugin:
        return {}
    command, version = str(plugin["command"]), str(plugin["apiVersion"])
    if os.sep in command:
        command = str(folder / command)
    spec = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    told = {"name": "KUBERNETES_EXEC_INFO", "value": json.dumps(spec)}
    known = (
        version.replace(f"{_PLUGIN}v1", f"{_PLUGIN}v1beta1") if version.endswith("/v1") else version
    )
    env = [*(plugin.get("env") or ()), told]
    return {"exec": {**plugin, "command": command, "apiVersion": known, "env": env}}


def _merged(configs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several kubeconfigs as one: what stands in two of them counts as in the first."""
    merged: dict[str, Any] = {section: {} for section in _SECTIONS}
    for config in configs:
        for section in _SECTIONS:
            merged[section] = {**config[section], **merged[section]}
        merged["current-context"] = merged.get("current-context") or config["current-context"]
    return merged


def _in_context(config: Mapping[str, Any], name: str) -> Access:
    context = _named(config, "contexts", name)
    cluster = _named(config, "clusters", context.get("cluster"))
    user = _named(config, "users", context.get("user"))
    if not cluster.get("server"):
        raise _no_access("the cluster of the kubeconfig's context has no `server`")
    for key in _not_heeded(cluster=cluster, user=user):
        raise _no_access(f"`{key}` in a kubeconfig is not supported by its client")
    return Access(cluster, user, context.get("namespace") or "default")


def _named(config: Mapping[str, Any], section: str, name: object) -> Part:
    found: Part | None = config[section].get(name)
    if found is None:
        part = _SECTIONS[section]
        raise _no_access(
            f"the kubeconfig has no {part} `{name}`" if name else f"no {part} is named"
        )
    return found


def _not_heeded(**parts: Part) -> Iterator[str]:
    for part, found in parts.items():
        yield from (key for key in _NOT_HEEDED[part] if found.get(key))


# ── pods ─────────────────────────────────────────────────────────────────────────────────────────


def _of_the_pod(environ: Mapping[str, str], account: Path) -> Access:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    address = f"[{host}]" if ":" in host else host
    cluster = {
        "server": f"https://{address}:{port}",
        "certificate-authority": str(account / "ca.crt"),
    }
    try:
        namespace = (account / "namespace").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        namespace = ""
    # The file and not what is in it: it changes while this runs.
    return Access(cluster, {"tokenFile": str(account / "token")}, namespace or "default")
