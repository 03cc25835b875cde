"""What a parameter of SSM is: its type and tier, what a write says again, and when it expires."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

SECURE = "SecureString"
STANDARD, ADVANCED = "Standard", "Advanced"
LARGEST_STANDARD, LARGEST = 4096, 8192
"""Bytes of a value, by tier."""

_TIERS = MappingProxyType(
    {"standard": STANDARD, "advanced": ADVANCED, "intelligent": "Intelligent-Tiering"}
)
_SAID_AGAIN = ("Description", "KeyId", "AllowedPattern", "DataType")
_ABOUT_EXPIRY = ("Expiration", "ExpirationNotification")


@dataclass(frozen=True, slots=True)
class About:
    """What AWS tells of a parameter beside its value.

    A write that leaves out one of the `settings` may set it back to AWS's own, the key among them.
    `policies` are those that have nothing to do with an expiry, as JSON, and `all_policies` is how
    many there are. `tags` are all, those too that tell of another version than readers have.
    """

    type: str = SECURE
    tier: str = STANDARD
    settings: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    all_policies: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


def about_of(answer: Mapping[str, Any]) -> About:
    """What one member of an answer of DescribeParameters tells; tags are not in it."""
    texts = [one.get("PolicyText", "") for one in answer.get("Policies") or ()]
    return About(
        answer.get("Type", ""),
        answer.get("Tier") or STANDARD,
        {name: answer[name] for name in _SAID_AGAIN if answer.get(name)},
        tuple(filter(_outlasts, texts)),
        len(texts),
    )


def _outlasts(policy: str) -> bool:
    """Whether a policy has nothing to do with an expiry; one that is no policy is not kept."""
    try:
        about = json.loads(policy)
    except ValueError:
        return False
    return isinstance(about, dict) and about.get("Type") not in _ABOUT_EXPIRY


def unfit(about: About, tier: str) -> str | None:
    """Why no token can be kept in a parameter that is there, in words; `tier` is the setting."""
    if about.type != SECURE:
        return f"it is not a {SECURE}, so it is not encrypted, and AWS changes no parameter's type"
    if about.tier == ADVANCED and tier == "standard":
        return "it is an Advanced parameter, which AWS never makes a Standard one again"
    return None


def tier_of(setting: str, size: int, about: About, *, expires: bool) -> str:
    """The tier that a parameter with a value of so many bytes is to have."""
    if setting in _TIERS:
        return _TIERS[setting]
    is_advanced = size > LARGEST_STANDARD or expires or about.tier == ADVANCED
    return ADVANCED if is_advanced else STANDARD


def policies_of(about: About, expires_at: int | None) -> str | None:
    """The policies that a parameter is to have, as JSON; `None` where they stay as they are.

    `expires_at` is when it is to be deleted, in Unix seconds. An expiry that is there already would
    delete the new token with the old one's end, so it is replaced or goes.
    """
    if expires_at is not None:
        return f"[{','.join((*about.policies, _expiration(expires_at)))}]"
    return f"[{','.join(about.policies)}]" if about.all_policies > len(about.policies) else None


def _expiration(at: int) -> str:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    policy = {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": moment}}
    return json.dumps(policy)
