import pytest

from voxmint.engine import wording
from voxmint.engine.stores import wording as of_stores
from voxmint.problems import Kind


@pytest.mark.parametrize("kinds", [wording.KINDS, of_stores.KINDS], ids=["engine", "stores"])
def test_the_kinds_are_sorted_by_code_and_each_is_explained(kinds: tuple[Kind, ...]) -> None:
    codes = [kind.code for kind in kinds]
    assert codes == sorted(set(codes))
    assert [kind.code for kind in kinds if not kind.about] == []
