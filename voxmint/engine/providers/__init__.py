"""The kinds of provider there are: one file each, and a line here."""

from collections.abc import Mapping
from types import MappingProxyType

from voxmint.engine.providers import azure, compatible, emulator, openai
from voxmint.engine.providers.contract import Header, ProviderKind, bearer

PROVIDERS: Mapping[str, ProviderKind] = MappingProxyType(
    {
        provider.name: provider
        for provider in (
            openai.PROVIDER,
            azure.PROVIDER,
            compatible.PROVIDER,
            emulator.PROVIDER,
        )
    }
)
"""The kinds of provider by their names in `provider.kind`."""

__all__ = ["PROVIDERS", "Header", "ProviderKind", "bearer"]
