"""The sink for JSON files: an object with a member for each profile, among other people's members.

```yaml
sinks:
  - kind: json
    path: tokens.production.json      # or `tokens/{profile}.json`: a file for each profile
    values: [client_secret, expires_at]
    names: {client_secret: token}     # and mode, group, allow_… as the `dotenv` sink has them
```

```json
{
  "clinic": {
    "token": "ek_…",
    "expires_at": 1800000600
  }
}
```

A file of one profile alone holds the values themselves: `{"token": "ek_…", …}`.
"""

from collections.abc import Mapping, Set
from typing import ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded
from voxmint.engine.sinks.document import DocumentSink
from voxmint.engine.sinks.filed import Entry
from voxmint.engine.sinks.jsonfile import merge_json, parsed


class JsonSink(DocumentSink):
    """A JSON file that holds the values of an environment's profiles."""

    kind: ClassVar[str] = "json"
    Options = OptionsWhenNeeded("voxmint.engine.sinks.document_options:DocumentOptions")

    def merge(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        return merge_json(existing, entries, gone)

    def found_in(self, existing: bytes) -> Mapping[str, object]:
        return {one.name: one.value for one in parsed(existing).members}

    def is_blank(self, data: bytes) -> bool:
        return not parsed(data).members
