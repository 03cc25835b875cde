"""The one holder of a secret."""

from typing import NoReturn, final


@final
class Secret:
    """Holds a token or a key so that it cannot be shown by accident.

    Printing, formatting, logging, comparing a repr, serialising or copying it never gives the
    value; only `reveal` does, so that a search for that one word finds every place where a secret
    leaves.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: call it only where the value is handed over."""
        return self._value

    def is_in(self, text: str) -> bool:
        """Whether the text holds the value, so that it must not be shown or kept."""
        return bool(self._value) and self._value in text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self._value.encode(), other._value.encode())

    # A hash would be a fingerprint that could be stored beside the secret's name.
    __hash__ = None  # type: ignore[assignment]  # how Python spells "not hashable"

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is never copied or serialised")
