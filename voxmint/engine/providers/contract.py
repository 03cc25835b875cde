"""What a kind of provider is: where it answers, whom its key may reach, how the key is sent."""

from collections.abc import Callable
from dataclasses import dataclass

from voxmint.engine.upstream.hosts import Host
from voxmint.secret import Secret

Header = tuple[bytes, bytes]


def bearer(key: Secret) -> Header:
    """The key as `Authorization: Bearer …`."""
    return b"Authorization", b"Bearer " + key.reveal().encode("ascii")


def trusts_none(_: Host) -> bool:
    """No host may be sent a key unless the operator named it."""
    return False


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One kind of provider.

    `base` is where it answers without a `url` in the environment's file; `root` is the path of a
    `url` that has none. `trusts` tells the hosts that need no word of the operator. `key_variable`
    is where the key is found unless `key` says otherwise; without either none is sent.
    `placeholder` is sent instead of a key, by a kind that reads none: it may reach only loopback.
    """

    name: str
    base: str | None = None
    root: str = ""
    trusts: Callable[[Host], bool] = trusts_none
    key_variable: str | None = None
    header: Callable[[Secret], Header] = bearer
    placeholder: Secret | None = None
