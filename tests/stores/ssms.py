"""The parameters of one region of AWS, emulated, and the requests by which they are written."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest

from tests.stores.destinations import StoreDestination
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Fault, Request
from voxmint.engine.stores.aws_ssm import ParameterStoreSink
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    WRITTEN,
    Obstacle,
    delivering,
    errors_of,
)

NAME = "/voxmint/production/clinic"
OTHERS = "/somebody/elses"
LOOK = ("DescribeParameters", "ListTagsForResource")
"""What a look asks for, and the rights that it needs."""


@cache
def client_at(address: str, region: str, service: str = "ssm") -> Any:
    make: Any = boto3.Session("made", "up").client
    return make(service, endpoint_url=address, region_name=region)


class ParameterStore(StoreDestination):
    """The parameters of one region, looked at by a client of the tests' own."""

    kind: ClassVar[str] = "aws-ssm"

    def __init__(self, server: Aws, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.server = server
        self.client = client_at(server.address, server.region)

    def names(self) -> list[str]:
        pages = self.client.get_paginator("describe_parameters").paginate()
        return sorted(one["Name"] for page in pages for one in page["Parameters"])

    def about(self, name: str = NAME) -> dict[str, Any]:
        chosen = {"Key": "Name", "Option": "Equals", "Values": [name]}
        [found] = self.client.describe_parameters(ParameterFilters=[chosen])["Parameters"]
        return dict(found)

    def value(self, name: str = NAME) -> str:
        answer = self.client.get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def tags(self, name: str = NAME) -> dict[str, str]:
        answer = self.client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
        return {one["Key"]: one["Value"] for one in answer["TagList"]}

    def history(self, name: str = NAME) -> list[tuple[int, list[str]]]:
        """Versions with their labels."""
        pages = self.client.get_paginator("get_parameter_history").paginate(Name=name)
        return [(one["Version"], one["Labels"]) for page in pages for one in page["Parameters"]]

    def values(self) -> Mapping[str, Any]:
        staged = [one for one in self.names() if "/voxmint-staged-" in one]
        return {
            name: json.loads(self.value(name))
            for name in self.names()
            if name != OTHERS and name not in staged
        }

    def state(self) -> object:
        return {one: (self.value(one), self.tags(one), self.history(one)) for one in self.names()}

    def add(self, name: str = NAME, **given: Any) -> None:
        """What somebody else keeps there."""
        self.client.put_parameter(
            **{"Name": name, "Value": "theirs", "Type": "SecureString", **given}
        )

    def add_foreign(self) -> bool:
        self.add(OTHERS)
        return True

    def foreign(self) -> object:
        return self.value(OTHERS), self.tags(OTHERS), self.history(OTHERS)

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.nobody_knows_us)

    @contextmanager
    def nobody_knows_us(self) -> Iterator[None]:
        """The credentials are not good for anything."""
        self.server.check_rights()
        try:
            yield
        finally:
            self.server.let_everybody()


class Offline(StoreDestination):
    """A sink that asks nobody."""

    kind: ClassVar[str] = "aws-ssm"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


def written(store: ParameterStore, number: int = 1) -> None:
    assert store.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(store: ParameterStore) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    sink = store.sink("clinic")
    [before] = errors_of(sink)
    with pytest.raises(ProblemsError) as raised:
        sink.write(delivering("clinic", number=9))
    [problem] = raised.value.problems
    assert problem == before
    return problem


def call_of(request: Request) -> str:
    return request.headers["x-amz-target"].rpartition(".")[2]


def is_put(request: Request, name: str) -> bool:
    is_it = call_of(request) == "PutParameter"
    return is_it and json.loads(request.content)["Name"] == name


class Once:
    """A fault of the first write to one parameter."""

    def __init__(self, name: str, fault: Fault) -> None:
        self.name = name
        self.fault = fault
        self.count = 0

    def __call__(self, request: Request) -> Fault | None:
        self.count += is_put(request, self.name)
        return self.fault if is_put(request, self.name) and self.count == 1 else None


def offline_sink(folder: Path, **settings: Any) -> ParameterStoreSink:
    sink = Offline(folder, **settings).sink("clinic")
    assert isinstance(sink, ParameterStoreSink)
    return sink
