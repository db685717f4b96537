"""Codes that are read off a wall and typed: short, and of signs that nobody mistakes.

A class code keeps out who came to the address by accident. It is no protection: it hangs on the
wall, goes over the network in clear, and thirty people have it.
"""

import secrets

from core.errors import ExplorerError

CLASS_CODE = "LRCLR_CLASS_CODE"
TEACHER_CODE = "LRCLR_TEACHER_CODE"
"""In the environment of a server: what it asks students for, and what makes a teacher."""
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I and 1, no O and 0
_CLASS, _TEACHER = 6, 16


def new_class_code() -> str:
    """Six signs that somebody in the last row can read and type."""
    return _drawn(_CLASS)


def new_teacher_code() -> str:
    """Sixteen signs: 80 bits."""
    return _drawn(_TEACHER)


def plain_code(typed: str) -> str:
    """A code as it is compared: capitals and digits, whatever stands between.

    >>> plain_code("abc-d 23")
    'ABCD23'
    """
    return "".join(sign for sign in typed[:100].upper() if sign.isalnum())


def check_code(code: str, least: int, whose: str) -> str:
    """A code that somebody chose, as it is compared.

    Raises:
        ExplorerError: it has fewer than `least` letters and digits.
    """
    plain = plain_code(code)
    if len(plain) < least:
        raise ExplorerError(
            f"The {whose}'s code '{code}' is too short; take {least} letters and digits or more."
        )
    return plain


def _drawn(length: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(length))
