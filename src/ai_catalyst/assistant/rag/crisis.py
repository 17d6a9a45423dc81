"""Crisis language, and where help is: said first, model or no model.

Words are looked for, in six languages. It is better to show a telephone number too often than to
miss one person; a sentence that says the opposite ("not suicidal") still brings it.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["DISCLAIMER", "RESOURCES", "is_crisis"]

DISCLAIMER = (
    "This supports a professional's judgement. It is not a diagnosis and not medical advice; "
    "check every statement against its sources and the person in front of you."
)

_DANGER = (
    "If someone is in immediate danger, call the emergency number now (112 in Europe, 911 in the "
    "USA and Canada, 999 in the UK) and do not leave them alone."
)
_LINES = (
    "Crisis lines: USA and Canada 988; UK and Ireland 116 123 (Samaritans); "
    "Germany 0800 111 0 111; Austria 142; Switzerland 143; France 3114; Spain 024; "
    "Italy 02 2327 2327; Netherlands 113 or 0800 0113. Elsewhere: findahelpline.com."
)
RESOURCES = (_DANGER, _LINES)

_ENGLISH = (
    r"suicid\w*|kill(?:ing|ed)? (?:my|him|her|them)sel(?:f|ves)|kill(?:ing)? me\b|"
    r"(?:want|wants|wanted|wish|wishes|ready|going|plan\w*) to die|"
    r"end(?:ing)? (?:my|his|her|their) (?:own )?li(?:fe|ves)|end it all|"
    r"take (?:my|his|her|their) (?:own )?life|better off dead|"
    r"better off without (?:me|him|her)|don'?t want to (?:live|be alive|wake up)|"
    r"(?:wants?|plans?|going|about) to (?:overdose|hang|shoot|jump off)|no reason to live|"
    r"self[- ]?harm\w*|cut(?:s|ting)? (?:my|him|her|them)sel(?:f|ves)|"
    r"hurt(?:ing)? (?:my|him|her)self|"
    r"(?:took|taken|swallowed) (?:an overdose|all (?:my|his|her|the) (?:pills|tablets))"
)
_GERMAN = (
    r"suizid\w*|selbstmord\w*|selbsttöt\w*|umbringen|(?:will|möchte) (?:sterben|nicht mehr leben)|"
    r"nicht mehr leben|mein leben beenden|leben nehmen|ritze? mich|selbstverletz\w*"
)
_FRENCH = (
    r"suicid\w*|me tuer|se tuer|envie de mourir|veux mourir|veut mourir|en finir avec la vie|"
    r"mettre fin à (?:mes|ses) jours|plus envie de vivre|me scarifie\w*"
)
_SPANISH = (
    r"suicid\w*|matarme|matarse|quiero morir|quiere morir|quitarme la vida|quitarse la vida|"
    r"no quiero vivir|autolesi\w*|hacerme daño"
)
_ITALIAN = (
    r"suicid\w*|uccidermi|uccidersi|voglio morire|vuole morire|togliermi la vita|"
    r"farla finita|non voglio (?:più )?vivere|autolesion\w*"
)
_DUTCH = (
    r"zelfmoord\w*|zelfdoding\w*|suïcid\w*|wil dood|wil sterven|niet meer leven|"
    r"einde aan mijn leven|snijd mezelf|zelfbeschadig\w*"
)
_CRISIS = re.compile(
    r"\b(?:" + "|".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _DUTCH)) + r")",
    re.IGNORECASE,
)


def is_crisis(*texts: str) -> bool:
    """Tell whether a text speaks of suicide or self-harm."""
    for text in texts:
        plain = unicodedata.normalize("NFKC", text).replace("’", "'")
        if _CRISIS.search(" ".join(plain.split())):
            return True
    return False
