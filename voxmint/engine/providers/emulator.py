"""The emulator: on loopback, or without a `url` in process, for the run. It takes no key."""

from voxmint.engine.providers.contract import ProviderKind
from voxmint.secret import Secret

PROVIDER = ProviderKind("emulator", root="/v1", placeholder=Secret("emulator"))
