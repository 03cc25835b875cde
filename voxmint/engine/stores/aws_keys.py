"""Reads an upstream key from AWS Secrets Manager; it takes the right `GetSecretValue` alone."""

from typing import TYPE_CHECKING

from voxmint.engine.stores import aws
from voxmint.engine.stores.aws import EXTRA, LOGGERS, trouble_of

if TYPE_CHECKING:
    from voxmint.engine.upstream.keystores import Wanted

__all__ = ["EXTRA", "LOGGERS", "TITLE", "key_text", "trouble_of"]

TITLE = "AWS Secrets Manager"


def key_text(wanted: "Wanted") -> str | None:
    """The text of a secret; `None` where there is no such secret, or what it holds is no text."""
    client = aws.client_of("secretsmanager", wanted.region, None, 1)
    try:
        answer = aws.answered(
            client.get_secret_value,
            "ARN",
            "VersionId",
            SecretId=wanted.secret,
            VersionStage="AWSCURRENT",
        )
    except client.exceptions.ResourceNotFoundException:
        return None
    text = answer.get("SecretString")
    return None if text is None else str(text)
