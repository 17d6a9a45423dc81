"""Passwords that everybody tries first: a common word or a walk over the keys, with a tail."""

from __future__ import annotations

import re

__all__ = ["is_common"]

_LIST = """
abcdefghij abcdefghijk abcdefghijkl access adidas administrator admin amanda america andrew
angel anthony apple arsenal asdf asdfgh asdfghjkl asdfghjklo ashley austin babygirl bailey
banana barcelona baseball basketball batman beautiful butterfly catalyst changeme charlie
cheese chelsea chicken chocolate computer cookie counsellor daniel default diamond doctor
dragon elizabeth family flower football forever freedom friends ginger guest hannah hello
helloworld hockey iloveu iloveyou iloveyoubaby internet jennifer jessica jesus jordan joshua
justin killer letmein liverpool london lovely loveme manchester master matrix matthew
michael michelle monkey mustang mynameis nicole nothing ninja passphrase password passwort
patient pepper pokemon practice princess purple qazwsx qazwsxedc qwer qwert qwerty qwertyui
qwertyuiop qwertz qwertzuiop robert samantha samsung secret secretpassword shadow soccer
spiderman starwars summer sunshine superman superuser taylor test testing testtest thomas
therapist therapy thisismypassword tigger trustno whatever welcome william winter yankees
zaq zaqwsx zxcvbn zxcvbnm
"""
_WORDS = frozenset(_LIST.split())
_TAIL = re.compile(r"[\W\d_]+$")
_HEAD = re.compile(r"^[\W\d_]+")
_DIGITS = "01234567890123456789098765432109876543210"
_LOOKALIKES = str.maketrans("@430157$!", "aaeoistsi")


def is_common(password: str) -> bool:
    """Tell whether a password is a word that everybody tries, whatever hangs on to it."""
    lower = password.lower()
    if lower in _DIGITS:
        return True
    core = _HEAD.sub("", _TAIL.sub("", lower))
    for word in (core, core.translate(_LOOKALIKES), lower.translate(_LOOKALIKES)):
        half = len(word) // 2
        if word in _WORDS or (word[:half] == word[half:] and word[:half] in _WORDS):
            return True
    return False
