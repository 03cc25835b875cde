"""Whatever else serves one of the endpoints, such as a gateway, at a host that the operator names.

It has no key of its own to be found by itself: another provider's would be given away. Without
`key` in the environment's file none is sent.
"""

from voxmint.engine.providers.contract import ProviderKind

PROVIDER = ProviderKind("compatible")
