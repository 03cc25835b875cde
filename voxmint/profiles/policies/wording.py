"""The words for policies: what goes against one, and what is wrong with one."""

from voxmint.problems import Kind, Severity, error, warning
from voxmint.profiles.wording import UNUSED_SELECTOR

POLICY = error(
    "policy",
    "`{path}` {state}, against the policy `{name}`: {said}",
    "the rule looks at {lacking}",
    about="A policy is a rule of your own fleet. It stands in `policies:` of `voxmint.yaml` with "
    "the reason for it, and holds for every command, however few profiles are asked for. A value "
    "that is absent or null where the rule needs one goes against it, too. Change the value, or "
    "talk with those who wrote the policy.",
)
POLICY_WARNING = POLICY._replace(
    code="policy-warning",
    severity=Severity.WARNING,
    about="A policy of your own fleet, in `policies:` of `voxmint.yaml`, whose `severity` is "
    "`warning`: what goes against it is said, and fails only with `--strict`.",
)
POLICY_PATH = error(
    "policy-path",
    "the policy `{name}` is about `{path}`, which is no field of the request",
    "did you mean `{nearest}`?",
    "`voxmint explain` lists the fields",
    about="A policy that looks at a field that does not exist would never find anything. Its "
    "`path` is that of a field as profiles write it, such as `turn_detection.threshold` or "
    "`expires_after.seconds`; `keywords.*` stands for each item of a list.",
)
POLICY_RULE = error(
    "policy-rule",
    "the rule of the policy `{name}` {said}",
    "did you mean `{nearest}`?",
    "write `{rule}`",
    "a rule knows {known}",
    about="A rule is one expression of the template language that gives true or false, such as "
    "`{{ value <= 120 }}`. It knows `value`, which is the field's, `session`, `expires_after`, "
    "`profile.name`, `.description` and `.labels`, and `env.name`. A rule that cannot be worked "
    "out is an error, since nobody could say whether it is kept.",
)
POLICY_ENVIRONMENT = warning(
    "unused-policy-pattern",
    "no environment is called `{pattern}`",
    "did you mean `{nearest}`?",
    about="A pattern in the `environments` of a policy matches none. An exact name that there is "
    "not is an error; a pattern may wait for an environment to come.",
)
UNUSED_POLICY = UNUSED_SELECTOR._replace(
    code="unused-policy",
    message="the policy `{name}` holds for no profile",
    about="Its `where` matches no profile of any environment that it is for, so it guards nothing. "
    "Look at the labels of the profiles with `voxmint list`; a label may be misspelt, or "
    "overridden by a profile.",
)

KINDS: tuple[Kind, ...] = (
    POLICY,
    POLICY_WARNING,
    POLICY_PATH,
    POLICY_RULE,
    POLICY_ENVIRONMENT,
    UNUSED_POLICY,
)
