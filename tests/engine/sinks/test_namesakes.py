"""What sinks are called where two of an environment have the same target."""

from voxmint.engine.plan import SinkPlace
from voxmint.engine.sinks.namesakes import names_of

FILE = SinkPlace("dotenv", ".env.live", "/there/.env.live")
AWS = SinkPlace("aws-secretsmanager", "voxmint/{profile}", "voxmint/{profile}")
VAULT = SinkPlace("vault", "voxmint/{profile}", "secret voxmint/{profile}")
OTHER = SinkPlace("vault", "voxmint/{profile}", "kv voxmint/{profile}")


def test_a_sink_is_called_as_in_its_file_where_that_is_enough() -> None:
    assert [*names_of([FILE, AWS, FILE]).values()] == [".env.live", "voxmint/{profile}"]


def test_two_kinds_with_one_name_are_told_apart_by_the_kind() -> None:
    assert names_of([AWS, FILE, VAULT]) == {
        AWS.key: "aws-secretsmanager voxmint/{profile}",
        FILE.key: ".env.live",
        VAULT.key: "vault voxmint/{profile}",
    }


def test_two_of_a_kind_with_one_name_are_told_apart_by_the_place() -> None:
    assert names_of([VAULT, OTHER, AWS]) == {
        VAULT.key: "vault secret voxmint/{profile}",
        OTHER.key: "vault kv voxmint/{profile}",
        AWS.key: "aws-secretsmanager voxmint/{profile}",
    }
