"""Reads a key from a secrets manager, by the clients of the stores.

Whoever may mint can mostly read more than one secret. So the operator says by a variable which may
be sent as a key: a pull request that names another one has nothing sent. The project's files cannot
lead a client elsewhere either: there is no setting for an address, so it is the usual one of the
client, or the operator's own. A vault of Azure's and a project of Google's count only where the
operator allows them.

To let another store hold keys, give its module a `key_text` as that of `aws_keys`, and list it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from voxmint.engine.failures import failure
from voxmint.engine.stores.asking import hush
from voxmint.engine.stores.contract import StoreError, Trouble
from voxmint.engine.stores.endpoints import UnallowedError
from voxmint.engine.stores.troubles import said_of
from voxmint.engine.stores.wording import (
    KEY_STORE_ELSEWHERE,
    KEY_STORE_FAILED,
    KEY_STORE_FORBIDDEN,
    KEY_STORE_LACKS,
    KEY_STORE_MISSING,
)
from voxmint.origin import Origin
from voxmint.problems import VoxmintError
from voxmint.profiles.key_stores import KeyInStore, operators_name
from voxmint.secret import Secret

ALLOW_SECRETS = "VOXMINT_ALLOW_KEY_SECRETS"
"""The operator's variable: secrets that may be sent as a key, as `aws:NAME`, with commas between
them; `*` stands for any letters."""

_READERS = MappingProxyType(
    {
        "aws": "voxmint.engine.stores.aws_keys",
        "vault": "voxmint.engine.stores.vault_keys",
        "gcp": "voxmint.engine.stores.gcp_keys",
        "azure": "voxmint.engine.stores.azure_keys",
    }
)

Place = TypeVar("Place", bound=KeyInStore)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Place]):
    """A key in a store: the store's kind, the place there, and what the operator says.

    `allow_hosts` are hosts besides those of VOXMINT_ALLOW_HOSTS.
    """

    kind: str
    place: Place
    environ: Mapping[str, str] = field(repr=False)
    allow_hosts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the secret is called by the operator's variable."""
        return operators_name(self.place)


class _Reader(NamedTuple):
    """What a store's module says of itself."""

    title: str
    extra: str
    loggers: Iterable[str]
    key_text: Callable[[Wanted[Any]], Secret | None]
    trouble_of: Callable[[Exception], Trouble]


def from_store(wanted: Wanted[Any], at: Origin | None) -> str:
    """What stands where the key should be; `ProblemsError` where that is nothing."""
    module = import_module(_READERS[wanted.kind])
    reader = _Reader(module.TITLE, module.EXTRA, module.LOGGERS, module.key_text, module.trouble_of)
    facts = {"store": reader.title, "name": wanted.name}
    if not is_allowed(wanted):
        facts |= {"variable": ALLOW_SECRETS, "kind": wanted.kind}
        raise failure(KEY_STORE_FORBIDDEN, at=at, **facts)
    hush(tuple(reader.loggers))
    found = _asked(reader, wanted)
    if isinstance(found, Trouble):
        raise failure(KEY_STORE_FAILED, at=at, **facts, said=said_of(found))
    if isinstance(found, UnallowedError):
        facts |= {"place": found.place, "variable": found.variable}
        raise failure(KEY_STORE_ELSEWHERE, at=at, **facts)
    if isinstance(found, ModuleNotFoundError):
        missing = {"module": found.name, "extra": reader.extra}
        raise failure(KEY_STORE_MISSING, at=at, store=reader.title, **missing)
    text, lack = _member(found, wanted.place.field)
    if text is None:
        raise failure(KEY_STORE_LACKS, at=at, **facts, said=lack)
    return text


def is_allowed(wanted: Wanted[Any]) -> bool:
    """Whether the operator lets a secret be sent as a key."""
    named = (one.strip() for one in wanted.environ.get(ALLOW_SECRETS, "").split(","))
    return any(fnmatchcase(f"{wanted.kind}:{wanted.name}", one) for one in named if one)


def _asked(
    reader: _Reader, wanted: Wanted[Any]
) -> Secret | Trouble | ModuleNotFoundError | UnallowedError | None:
    """What the store gives, or what is wrong; no error of a client, which can hold values."""
    try:
        return reader.key_text(wanted)
    except (ModuleNotFoundError, UnallowedError) as error:
        return error
    except StoreError as error:
        return error.trouble
    except VoxmintError:
        raise
    except Exception as error:  # noqa: BLE001  # clients raise what they like
        return reader.trouble_of(error)


def _member(secret: Secret | None, field: str | None) -> tuple[str | None, str]:
    """The key in a secret's text; where there is none, why not."""
    if secret is None or field is None:
        text = None if secret is None else secret.reveal()
        return text, "there is no such secret, or it holds no text that can be read"
    try:
        found = json.loads(secret.reveal())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return None, "it holds no JSON object"
    value = found.get(field)
    return value if isinstance(value, str) else None, f"no text stands under `{field}` in it"
