"""Reads an upstream key from AWS Secrets Manager; it takes the right `GetSecretValue` alone."""

from dataclasses import replace
from typing import TYPE_CHECKING

from voxmint.engine.stores import aws
from voxmint.engine.stores.aws import EXTRA, LOGGERS
from voxmint.engine.stores.contract import Trouble, What
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.upstream.keystores import Wanted
    from voxmint.profiles.key_stores import KeyInAws

__all__ = ["EXTRA", "LOGGERS", "TITLE", "key_text", "trouble_of"]

TITLE = "AWS Secrets Manager"


def key_text(wanted: "Wanted[KeyInAws]") -> Secret | None:
    """The text of a secret; `None` where there is no such secret, or what it holds is no text."""
    place = wanted.place
    client = aws.client_of("secretsmanager", place.region, None, 1)
    try:
        answer = aws.answered(
            client.get_secret_value,
            "ARN",
            "VersionId",
            SecretId=place.secret,
            VersionStage="AWSCURRENT",
        )
    except client.exceptions.ResourceNotFoundException:
        return None
    text = answer.get("SecretString")
    return None if text is None else Secret(str(text))


def trouble_of(error: Exception) -> Trouble:
    """What an error means; one scheduled for deletion is told apart from one that is missing."""
    deleted = {"InvalidRequestException": What.DELETED}
    trouble = aws.trouble_of(error, deleted)
    if trouble.what is What.DELETED:
        return replace(trouble, said="it is scheduled for deletion")
    return trouble
