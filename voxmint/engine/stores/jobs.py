"""What a change comes to, object by object: which are written, and which are taken out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from voxmint.engine.sinks.contract import Change, Delivery, Receipt
from voxmint.engine.stores.naming import Naming

_WITHIN = "#"
"""Between an object's name and a member's, in a receipt: each profile has names of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is to be done with one object.

    `deliveries` are written into it, and `gone` are profiles whose sessions are taken out, with the
    names of their members where the object has any.
    """

    name: str
    deliveries: tuple[Delivery, ...] = field(default=(), repr=False)
    gone: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def profiles(self) -> tuple[str, ...]:
        return (*(one.profile for one in self.deliveries), *sorted(self.gone))


def receipt_names(naming: Naming, profile: str) -> tuple[str, ...]:
    """What the ledger is to know of where a profile's session is."""
    name = naming.object_of(profile)
    return (f"{name}{_WITHIN}{naming.member_of(profile)}" if naming.is_shared else name,)


def jobs_of(
    naming: Naming,
    profiles: Iterable[str],
    deliveries: Iterable[Delivery],
    change: Change,
    here: tuple[str, str],
) -> list[Job]:
    """The jobs of a change. `profiles` are the sink's own, and `here` its kind and address.

    What is taken out is known from receipts, or is the name of one of the sink's own profiles;
    what another of them uses stays.
    """
    new = tuple(deliveries)
    touched = change.remove | {one.profile for one in new}
    kept = {name for one in {*profiles} - change.remove for name in receipt_names(naming, one)}
    kept |= {name for one in new for name in receipt_names(naming, one.profile)}
    known = [one for one in change.receipts if (one.kind, one.target) == here]
    own = [Receipt(one, *here, receipt_names(naming, one)) for one in {*profiles} & change.remove]
    gone: dict[str, set[str]] = {}
    for receipt in (*known, *own):
        if receipt.profile in touched:
            for name in {*receipt.names} - kept:
                gone.setdefault(name, set()).add(receipt.profile)
    return list(_shared(naming, new, gone) if naming.is_shared else _divided(naming, new, gone))


def _divided(
    naming: Naming, new: Iterable[Delivery], gone: Mapping[str, set[str]]
) -> Iterator[Job]:
    for one in new:
        yield Job(naming.object_of(one.profile), (one,))
    for name, profiles in sorted(gone.items()):
        if naming.can_be(name):
            yield Job(name, gone={profile: frozenset() for profile in profiles})


def _shared(
    naming: Naming, new: tuple[Delivery, ...], gone: Mapping[str, set[str]]
) -> Iterator[Job]:
    members: dict[str, set[str]] = {}
    for name, profiles in gone.items():
        object_name, sign, member = name.partition(_WITHIN)
        if sign and object_name == naming.outline:
            for profile in profiles:
                members.setdefault(profile, set()).add(member)
    # What a written profile was called before goes, too; it is not told as taken out.
    if new or members:
        taken = {profile: frozenset(names) for profile, names in members.items()}
        yield Job(naming.outline, new, taken)
