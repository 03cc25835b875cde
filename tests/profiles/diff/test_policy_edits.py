"""What a comparison says of policies: which were edited, and that no body is another one."""

import pytest

from tests.profiles.diff.projects import compared
from tests.sources import project
from voxmint.profiles.diff.result import ABSENT, CauseKind, Difference, Side
from voxmint.profiles.pipeline import compile_project

PROFILES = {
    "p": "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
    "expires_after: {seconds: 600}"
}
SHORT = """version: 1
policies:
  - name: short
    environments: [local]
    path: expires_after.seconds
    rule: "{{ value <= 600 }}"
    message: short, please
"""
OTHER = """  - name: other
    path: session
    rule: "{{ true }}"
    message: always
"""


def edited(before: str, after: str) -> Difference:
    return compared(*(compile_project(project(PROFILES, settings=one)) for one in (before, after)))


@pytest.mark.parametrize(
    ("before", "after", "path", "values", "side", "place"),
    [
        (
            SHORT,
            SHORT.replace("600", "900"),
            "policies.short.rule",
            ("{{ value <= 600 }}", "{{ value <= 900 }}"),
            Side.HEAD,
            "voxmint.yaml:6:5",
        ),
        (
            SHORT,
            SHORT.replace("    environments: [local]\n", ""),
            "policies.short.environments",
            (["local"], ABSENT),
            Side.BASE,
            "voxmint.yaml:4:5",
        ),
        (
            SHORT,
            f"{SHORT}    severity: warning\n",
            "policies.short.severity",
            (ABSENT, "warning"),
            Side.HEAD,
            "voxmint.yaml:8:5",
        ),
    ],
)
def test_an_edit_of_a_policy_is_told_by_its_name(
    before: str, after: str, path: str, values: tuple[object, object], side: Side, place: str
) -> None:
    found = edited(before, after)
    [cause] = found.idle
    assert (cause.kind, cause.path, cause.side) == (CauseKind.POLICY, path, side)
    assert (cause.before, cause.after) == values
    assert str(cause.at) == place
    assert found.layout == ()
    assert not found.groups


def test_a_policy_that_comes_or_goes_is_one_edit() -> None:
    [cause] = edited(SHORT, SHORT + OTHER).idle
    assert (cause.layer, cause.before, cause.side) == ("policy other", ABSENT, Side.HEAD)
    assert str(cause.at) == "voxmint.yaml:8:5"
    [cause] = edited(SHORT + OTHER, SHORT).idle
    assert (cause.layer, cause.after, cause.side) == ("policy other", ABSENT, Side.BASE)


def test_the_order_of_policies_and_the_form_of_what_they_say_are_layout() -> None:
    head, _, first = SHORT.partition("  - name: short\n")
    swapped = f"{head}{OTHER}  - name: short\n{first}"
    assert edited(SHORT + OTHER, swapped).layout == ("voxmint.yaml",)
    assert edited(SHORT, SHORT.replace("[local]", "\n    - local")).layout == ("voxmint.yaml",)


def test_a_stricter_policy_makes_a_body_invalid() -> None:
    found = edited(SHORT, SHORT.replace("600", "120"))
    assert found.invalid == (("p", "local"),)
    assert [problem.code for problem in found.new] == ["policy"]
    assert [cause.path for cause in found.idle] == ["policies.short.rule"]
