"""Values written down as YAML, in any of its styles."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import yaml
from hypothesis import assume, strategies as st

from voxmint.profiles.scalars import BadNumberError, resolve


class _Written(yaml.SafeDumper):
    """Writes every scalar so that YAML 1.2 reads it back; texts in a style after the other."""

    styles: Iterator[str | None]

    def ignore_aliases(self, _: object) -> bool:
        return True


def _text(dumper: _Written, text: str) -> yaml.ScalarNode:
    style = next(dumper.styles)
    must_be_quoted = style is None and not isinstance(_resolved(text), str)
    tag = "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, text, style="'" if must_be_quoted else style)


def _resolved(text: str) -> object:
    try:
        return resolve(text)
    except BadNumberError:
        return None


def _number(dumper: _Written, number: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(number))


_Written.add_representer(str, _text)
_Written.add_representer(float, _number)

STYLES: Sequence[str | None] = (None, "'", '"', "|", ">")


@st.composite
def as_yaml(draw: st.DrawFn, content: Any) -> str:
    """A text of YAML that says the content, in some styles, widths and line ends."""
    styles = draw(st.lists(st.sampled_from(STYLES), min_size=1, max_size=7))
    layout = {
        "default_flow_style": draw(st.sampled_from([True, False, None])),
        "allow_unicode": draw(st.booleans()),
        "indent": draw(st.sampled_from([2, 4, 7])),
        "explicit_start": draw(st.booleans()),
    }
    text = _dumped(content, styles, width=draw(st.sampled_from([20, 80, 10_000])), **layout)
    # In a narrow column PyYAML folds some texts so that they say another thing.
    assume(_read(text) == _read(_dumped(content, styles, width=10_000, **layout)))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def _dumped(content: Any, styles: Sequence[str | None], **layout: Any) -> str:
    _Written.styles = cycle(styles)
    text: str = yaml.dump(content, Dumper=_Written, sort_keys=False, **layout)
    return text


def _read(text: str) -> object:
    return yaml.load(text, yaml.BaseLoader)
