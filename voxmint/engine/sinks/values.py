"""What is known of a session, by the names that a sink gives it."""

from collections.abc import Mapping, Sequence

from voxmint.engine.sinks.contract import Delivery

Written = Mapping[str, str | int]
"""The values of one session as they are written, by their names there."""


def written_values(delivery: Delivery, names: Mapping[str, str]) -> dict[str, str | int]:
    """The values of a session that are asked for: `names` gives each its name in the sink.

    Not every service gives a session an id; there is then none among them.
    """
    known: dict[str, str | int | None] = {
        "client_secret": delivery.token.reveal(),
        "expires_at": delivery.expires_at,
        "session_id": delivery.session_id,
    }
    return {name: value for which, name in names.items() if (value := known[which]) is not None}


def needed(names: Mapping[str, str]) -> Sequence[str]:
    """The names that a sink must hold to hold a session: all but that of its id."""
    return [name for which, name in names.items() if which != "session_id"]
