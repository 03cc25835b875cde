"""What a store is: a secrets manager, as far as a sink needs one.

A store knows objects by name. Each has a value, which only its readers see, and marks beside it,
which tell what it is. A change of one object goes through these calls:

    found = store.look(name)               # what is there; never its value
    version = store.stage(draft)           # the new value, where no reader finds it yet
    store.verify(draft, version)           # that it reads back as it was written
    store.switch(draft, version)           # readers find it, and the marks tell of it
    store.discard(draft, version)          # instead of `switch`: all is as it was
    store.settle(name, version, found)     # after a `switch` that was cut short: what it left

A `switch` that fails for a while leaves what is staged, and a later run switches it over by the
same calls: it reads what was staged, and gives `switch` a draft that holds just that. Where nothing
staged outlives the run, the sink says so by `keeps_staged`, and `read` finds none.

`StoreSink` does the rest: layout, names, what belongs to whom, threads, and what is said of errors.
A store raises what its client raises and tells by `trouble_of` what that means, or raises
`StoreError` by itself. Calls come from several threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from voxmint.engine.stores.content import Content
from voxmint.secret import Secret


class Presence(StrEnum):
    """Whether there is an object of a name; a deleted one still has its name for a while."""

    MISSING = "missing"
    THERE = "there"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Found:
    """An object as its store describes it, without its value.

    `version` is what readers get, and what a compare-and-set compares. `marks` are those of voxmint
    and of others, by the names in `marks.py`, of a deleted object too: it still is somebody's.
    `until` says when that is gone for good.
    `detail` is what the store itself wants to know again later; it holds no secret.
    """

    presence: Presence
    version: str | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    until: str | None = None
    detail: object = None

    @property
    def is_there(self) -> bool:
        return self.presence is Presence.THERE


MISSING = Found(Presence.MISSING)


@dataclass(frozen=True, slots=True)
class Draft:
    """A new value of one object, on the ground of what was found there.

    `marks` are all of voxmint's from the switch on: others that it left there before are to go.
    `claim` are those that say whose it is, for an object that has to be made before it has a value.
    `expires_at` is when the last of its tokens ends, in Unix seconds. The value may be gone then,
    unless somebody else's members are in it, too: then it is not `is_all_ours`.
    """

    name: str
    found: Found
    content: Content = field(repr=False)
    marks: Mapping[str, str]
    claim: Mapping[str, str]
    expires_at: int
    is_all_ours: bool = True


class What(StrEnum):
    """What a trouble means for a run."""

    UNREACHABLE = "unreachable"
    """No answer, or no sound one."""
    LOGIN = "login"
    """The store does not know who asks: no credentials, wrong ones, or ended ones."""
    BUSY = "busy"
    """It asks to be left alone, and its client gave up trying."""
    LOCKED = "locked"
    """It opens to nobody before somebody unlocks it."""
    DENIED = "denied"
    """It knows who asks, and does not allow it."""
    CHANGED = "changed"
    """Something else changed the object since it was looked at."""
    DELETED = "deleted"
    """The name belongs to an object that is scheduled for deletion."""
    FULL = "full"
    """A quota is used up."""
    TOO_LARGE = "too-large"
    """The value is larger than the store takes."""
    REFUSED = "refused"
    """Any other answer."""

    @property
    def is_of_the_store(self) -> bool:
        """Whether it would be the same for every object."""
        return self in (What.UNREACHABLE, What.LOGIN, What.BUSY, What.LOCKED)

    @property
    def may_pass(self) -> bool:
        """Whether the same call may go well another day, with the object as it is."""
        return self.is_of_the_store or self in (What.DENIED, What.FULL)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, in words that can be shown.

    `code` and `request_id` are the store's own and shown as far as they are plain names. `said` is
    voxmint's own sentence: text of the store goes into it only where the store never repeats what
    it was sent or what it keeps.
    """

    what: What
    code: str | None = None
    request_id: str | None = None
    said: str | None = None


class StoreError(Exception):
    """A trouble that a store tells by itself."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.what.value)
        self.trouble = trouble


def cut_short(said: str = "its answer was cut short") -> StoreError:
    """The error for an answer without what every whole one has: nothing is concluded from it."""
    return StoreError(Trouble(What.UNREACHABLE, said=said))


class Store(ABC):
    """A secrets manager, as its official client reaches it."""

    @abstractmethod
    def look(self, name: str) -> Found:
        """What there is of this name; reads no value, and needs no right to read one."""

    @abstractmethod
    def read(self, name: str, version: str | None) -> Secret | None:
        """The value of one of an object's versions, as text; `None` where there is none.

        `version` is a `Found.version`, or what `stage` gave in this run or in an earlier one. What
        is not text is none.
        """

    @abstractmethod
    def stage(self, draft: Draft) -> str:
        """Write the value where no reader finds it, and give what it is known by from now on.

        Whatever fails, it leaves nothing behind that a later `stage` of the same name would not
        take away. Called again with the same value, it may not fail for that.
        """

    @abstractmethod
    def switch(self, draft: Draft, version: str) -> None:
        """Let readers find what was staged, and set the marks.

        `What.CHANGED` where readers have another version by now than `draft.found` says. An answer
        that is lost is no failure where the store says on being asked that it was done; nor is it
        one that readers have just this value already, of which the marks do not tell yet.
        """

    @abstractmethod
    def discard(self, draft: Draft, version: str) -> None:
        """Take away what was staged, and the object itself where it was made for that."""

    @abstractmethod
    def remove(self, name: str, found: Found) -> None:
        """Remove the object; no trouble where it is gone already."""

    @abstractmethod
    def trouble_of(self, error: Exception) -> Trouble:
        """What an error of the client means; it shows nothing of what the error says."""

    def verify(self, draft: Draft, version: str) -> bool:
        """Whether what was staged reads back as it was written."""
        found = self.read(draft.name, version)
        return found is not None and draft.content.is_in(found)

    def before(self, draft: Draft, version: str) -> str | None:  # noqa: ARG002
        """The version that `look` tells of between `stage` and `switch`.

        For stores that have to give readers an empty one first.
        """  # the version is for those that name it by that of what is staged
        return draft.found.version

    def settle(self, name: str, version: str, found: Found) -> None:  # noqa: B027  # most have none
        """Do what is left of a `switch` that was cut short once all was set that `found` tells.

        `version` is what `stage` gave. For stores that tidy up after a switch.
        """

    def has(self, name: str, found: Found, content: Content) -> bool:
        """Whether readers find this value already; asked only where the marks are the same."""
        value = self.read(name, found.version)
        return value is not None and content.is_in(value)

    def vouches(self, found: Found) -> bool:  # noqa: ARG002  # stores that override it look at it
        """Whether marks alone tell that the value is the one that they were set for.

        For stores that give no value back.
        """
        return False

    def recover(self, name: str) -> None:
        """Take back the deletion of an object; for stores whose `look` tells of deleted ones."""
        raise NotImplementedError(name)
