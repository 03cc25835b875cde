"""The sink for YAML files: a map with a line for each profile, among other people's lines.

```yaml
sinks:
  - kind: yaml
    path: tokens.production.yaml      # or `tokens/{profile}.yaml`: a file for each profile
    values: [client_secret, expires_at]
    names: {client_secret: token}     # and mode, group, allow_… as the `dotenv` sink has them
```

```yaml
clinic: {token: "ek_…", expires_at: 1800000600}
```

A file of one profile alone holds the values themselves, on a line each.
"""

from collections.abc import Mapping, Set
from typing import ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded
from voxmint.engine.sinks.document import DocumentSink
from voxmint.engine.sinks.filed import Entry
from voxmint.engine.sinks.yamlfile import items, merge_yaml


class YamlSink(DocumentSink):
    """A YAML file that holds the values of an environment's profiles."""

    kind: ClassVar[str] = "yaml"
    Options = OptionsWhenNeeded("voxmint.engine.sinks.document_options:DocumentOptions")
    reserved: ClassVar[frozenset[str]] = frozenset()

    def merge(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        return merge_yaml(existing, entries, gone)

    def found_in(self, existing: bytes) -> Mapping[str, object]:
        _, found = items(existing)
        return {one.name: one.value for one in found}
