from voxmint.engine.wording import KINDS


def test_the_kinds_are_sorted_by_code_and_each_is_explained() -> None:
    codes = [kind.code for kind in KINDS]
    assert codes == sorted(set(codes))
    assert [kind.code for kind in KINDS if not kind.about] == []
