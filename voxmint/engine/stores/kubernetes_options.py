"""The settings of the sink for Kubernetes."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from voxmint.engine.stores.kubernetes_fields import LABEL, PREFIX
from voxmint.engine.stores.naming import PROFILE
from voxmint.engine.stores.options import Name, StoreOptions

KEY = re.compile(r"(?!\.\.)(?!\.$)[-._A-Za-z0-9]{1,253}")
"""A key of a Secret's data."""

_ENDS = "[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_QUALIFIED = re.compile(rf"([a-z0-9]([-.a-z0-9]{{0,251}}[a-z0-9])?/)?{_ENDS}")
_LABEL_VALUE = re.compile(rf"({_ENDS})?")

Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


def _not_ours(found: Mapping[str, str]) -> Mapping[str, str]:
    for name in found:
        if name == LABEL or name.startswith(PREFIX):
            raise ValueError(f"`{name}` is not yours to set: voxmint does")
        if not _QUALIFIED.fullmatch(name):
            raise ValueError(f"`{name}` is no name of a label or annotation: prefix/name, or name")
    return found


def _label_values(found: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in found.items():
        if not _LABEL_VALUE.fullmatch(text):
            raise ValueError(
                f"`{name}`: a label's value has at most 63 letters, digits and - _ . and begins "
                "and ends with one of the first two; others go into `annotations`"
            )
    return found


class KubernetesOptions(StoreOptions):
    """What the sink is told."""

    name: Name = Field(
        default="voxmint-{environment}-{profile}",
        description="The Secret's name. With {profile} in it each profile has its own, with a key "
        "for each value; else there is one for the environment, with a key for each profile that "
        "holds a JSON object.",
    )
    namespace: Namespace | None = Field(
        default=None,
        description="The namespace; without it that of the context, or the pod's own.",
    )
    context: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        default=None,
        description="Which of the contexts in the operator's kubeconfig is meant; without it the "
        "current one. An address of a cluster cannot stand in the project.",
    )
    labels: Annotated[
        Mapping[str, str], AfterValidator(_not_ours), AfterValidator(_label_values)
    ] = Field(default_factory=dict, description="Further labels of each Secret.")
    annotations: Annotated[Mapping[str, str], AfterValidator(_not_ours)] = Field(
        default_factory=dict, description="Further annotations of each Secret."
    )

    @field_validator("payload")
    @classmethod
    def _has_keys(cls, payload: str) -> str:
        if payload == "token":
            raise ValueError(
                "a Secret has a key for each value: for the token alone write "
                "`values: [client_secret]`"
            )
        return payload

    @model_validator(mode="after")
    def _values_are_keys(self) -> Self:
        if PROFILE in self.name:
            names = [getattr(self.names, value) for value in self.values]
            for name in names:
                if not KEY.fullmatch(name):
                    raise ValueError(
                        f"`{name}` cannot be a key of a Secret: letters, digits and - _ . only"
                    )
            if len(set(names)) != len(names):
                raise ValueError("give each value a key of its own in `names`")
        return self
