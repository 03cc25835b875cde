"""Places, and paths, as people read them."""

from voxmint.origin import Origin, dotted


def test_a_place_is_written_as_editors_take_it() -> None:
    assert str(Origin("profiles/clinic.yaml", 12, 3, 20)) == "profiles/clinic.yaml:12:3"


def test_a_place_is_one_character_long_unless_said() -> None:
    assert Origin("voxmint.yaml", 1, 1).length == 1


def test_a_path_is_dotted() -> None:
    assert dotted(("turn_detection", "threshold")) == "turn_detection.threshold"
    assert dotted(("include", 0)) == "include.0"
    assert dotted(()) == ""
