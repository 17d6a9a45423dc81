"""Made-up people, places, firms and numbers for the texts a model is trained on.

Half of the names are well known ones, half are put together from syllables, so that a model learns
to read what stands around a name rather than to know it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from ai_catalyst.privacy.recognisers.checks import luhn
from ai_catalyst.privacy.train.stock import (
    CITIES,
    CODAS,
    COUNTRIES,
    FIRM_HEADS,
    FIRM_WORDS,
    FIRST_TAILS,
    FORMS,
    GIVEN,
    JOBS,
    MONTHS,
    NATIONS,
    ONSETS,
    STREET_ENDS,
    STREETS,
    SURNAMES,
    TAILS,
    TITLES,
    TOWN_TAILS,
    VOWELS,
)

__all__ = ["Values"]


class Values:
    """Draws values; the same seed draws the same ones."""

    def __init__(self, seed: int | str) -> None:
        """Start a sequence."""
        self.rng = random.Random(seed)  # noqa: S311 - texts for training, no secrets

    def pick(self, options: list[str] | tuple[str, ...]) -> str:
        """Draw one of some."""
        return self.rng.choice(options)

    def chance(self, share: float) -> bool:
        """Say yes so often."""
        return self.rng.random() < share

    def digits(self, pattern: str) -> str:
        """Fill a pattern: ``#`` any digit, ``%`` any but zero, ``?`` a capital."""
        fill: dict[str, Callable[[], str]] = {
            "#": lambda: str(self.rng.randint(0, 9)),
            "%": lambda: str(self.rng.randint(1, 9)),
            "?": lambda: self.rng.choice("ABCDEFGHJKLMNPRSTVWXYZ"),
        }
        return "".join(fill[char]() if char in fill else char for char in pattern)

    def _syllables(self, count: int) -> str:
        parts = (
            self.pick(ONSETS) + self.pick(VOWELS) + (self.pick(CODAS) if self.chance(0.4) else "")
            for _ in range(count)
        )
        return "".join(parts)

    def first(self) -> str:
        """A given name."""
        if self.chance(0.55):
            return self.pick(GIVEN)
        name = (self._syllables(self.rng.randint(1, 2)) + self.pick(FIRST_TAILS)).capitalize()
        return f"{name}-{self.pick(GIVEN)}" if self.chance(0.04) else name

    def last(self) -> str:
        """A surname."""
        if self.chance(0.45):
            name = self.pick(SURNAMES)
        else:
            name = (self._syllables(self.rng.randint(1, 2)) + self.pick(TAILS)).capitalize()
        if self.chance(0.05):
            return (
                f"{self.pick(['van', 'de', 'von', 'van der', 'de la', 'al', 'di', 'bin'])} {name}"
            )
        if self.chance(0.03):
            return f"{self.pick(['O’', 'Mc', 'Mac', 'D’'])}{name}"
        return f"{name}-{self.pick(SURNAMES)}" if self.chance(0.05) else name

    def name(self) -> str:
        """A full name, with or without a middle one."""
        middle = ""
        if self.chance(0.15):
            middle = f" {self.rng.choice('ABCDEFGHJKLMNPRST')}" + ("." if self.chance(0.7) else "")
        elif self.chance(0.08):
            middle = f" {self.first()}"
        return f"{self.first()}{middle} {self.last()}"

    def titled(self) -> str:
        """A name with a form of address."""
        shape = self.rng.random()
        if shape < 0.35:
            return f"{self.pick(TITLES)} {self.last()}"
        if shape < 0.7:
            return f"{self.pick(TITLES)} {self.name()}"
        initials = ".".join(
            self.rng.choice("ABCDEFGHIJKLMNOPRSTUVZ") for _ in range(self.rng.randint(1, 2))
        )
        return f"{self.pick(TITLES)} {initials}. {self.last()}"

    def city(self) -> str:
        """A town, known or not; sometimes shouted."""
        if self.chance(0.4):
            return self.pick(CITIES)
        name = (self._syllables(self.rng.randint(1, 2)) + self.pick(TOWN_TAILS)).capitalize()
        if self.chance(0.1):
            name = f"{self.pick(['San', 'Bad', 'St.', 'Nova', 'Alt', 'Lower', 'Villa', 'Port', 'Mount'])} {name}"
        return name.upper() if self.chance(0.1) else name

    def country(self) -> str:
        """A country."""
        return self.pick(COUNTRIES)

    def nation(self) -> str:
        """What people of a country or faith are called."""
        return self.pick(NATIONS)

    def org(self) -> str:
        """An organisation of any form."""
        shape = self.rng.random()
        coined = (
            self._syllables(2)
            + self.pick(["ix", "io", "ly", "tech", "soft", "ware", "ance", "", "a"])
        ).capitalize()
        if shape < 0.2:
            return f"{self.last()}, {self.last()} and {self.last()}"
        if shape < 0.3:
            return f"{self.last()}-{self.last()}"
        if shape < 0.5:
            return f"{self.pick(FIRM_WORDS)} {self.pick(FIRM_HEADS)}"
        if shape < 0.65:
            return f"{self.pick([coined, self.last(), self.pick(FIRM_WORDS)])} {self.pick(FORMS)}"
        if shape < 0.8:
            return coined
        if shape < 0.9:
            return f"{self.city().title()} {self.pick(FIRM_HEADS)}"
        return f"{self.pick(FIRM_WORDS)} {self.pick(FIRM_WORDS)} {self.pick(FORMS)}"

    def body(self) -> str:
        """A court, ministry or office."""
        kind = self.pick(
            [
                "District Court",
                "Regional Court",
                "Administrative Court",
                "Assize Court",
                "Labour Court",
                "Court of Appeal",
                "City Council",
                "Police Department",
                "Tax Office",
                "University Hospital",
                "Public Prosecutor",
                "Social Court",
            ]
        )
        if self.chance(0.6):
            return f"{self.city().title()} {kind}"
        return self.pick(
            [
                "Ministry of Defence",
                "Ministry of Justice",
                "Ministry of Foreign Affairs",
                "Supreme Court",
                "Court of Cassation",
                "Constitutional Court",
                "Supreme Administrative Court",
                "Ministry of Health",
                "Federal Labour Court",
                "High Court",
            ]
        )

    def year(self) -> str:
        """A year."""
        return str(self.rng.randint(1930, 2026))

    def date(self) -> str:
        """A date in one of many forms."""
        day, month, year = (
            self.rng.randint(1, 28),
            self.rng.randint(1, 12),
            self.rng.randint(1940, 2026),
        )
        name = MONTHS[month - 1]
        forms = [
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day}/{month}/{year}",
            f"{month:02d}/{day:02d}/{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{day}.{month}.{year}",
            f"{name} {year}",
            f"{day} {name}",
            f"{name[:3]} {day}, {year}",
        ]
        return self.pick(forms)

    def age(self) -> str:
        """An age in years."""
        return str(self.rng.randint(1, 99))

    def job(self) -> str:
        """What somebody works as."""
        return self.pick(JOBS).replace("_", " ")

    def amount(self) -> str:
        """A sum of money."""
        sum_ = f"{self.rng.randint(10, 900000):,}"
        return self.pick(
            [
                f"{sum_} euros (EUR)",
                f"EUR {sum_}",
                f"{sum_} {self.nation()} liras",
                f"USD {sum_}",
                f"{sum_} pounds sterling",
            ]
        )

    def street(self) -> str:
        """A street with its number."""
        number = self.digits(self.pick(["%", "%#", "%##", "%###"]))
        stem = self.pick(
            [self.last(), self.first(), self.pick(FIRM_WORDS), f"{self.digits('%')}th"]
        )
        compound = stem.split(" ")[-1].lower().capitalize()
        forms = [
            f"{number} {stem} {self.pick(STREETS)}",
            f"{number} {stem} {self.pick(STREETS)}",
            f"{compound}{self.pick(STREET_ENDS)} {number}",
            f"{self.pick(['Rue', 'rue', 'Via', 'Calle', 'Avenida', 'ul.', 'Rua', 'Piazza', 'Avenue', 'Plaza'])} {self.pick(['', '', 'de ', 'del ', 'du '])}{stem} {number}",
            f"{number} {self.pick(['rue', 'avenue', 'boulevard', 'Calle'])} {self.pick(['', 'de ', 'du '])}{stem}",
            f"{stem} {number}",
            f"{stem} {self.pick(['utca', 'u.', 'út', 'Sokak', 'nagar'])} {number}",
        ]
        return self.pick(forms)

    def address(self) -> str:
        """A whole address, on one line or several."""
        street = self.street()
        if self.chance(0.25):
            street = self.digits(self.pick(["%#### ", "%#### ", "0### "])) + street
        flat = self.pick(
            [
                f"Apt. {self.digits('%##')}",
                f"Suite {self.digits('%##')}",
                f"Unit {self.digits('%#')}",
                f"Flat {self.digits('%')}",
                f"Apartment {self.digits('%#')}",
                f"Floor {self.digits('%')}",
            ]
        )
        zip_ = self.digits(self.pick(["%####", "%###", "%#####", "%#-###", "%####-####"]))
        town = self.city()
        line = self.pick([", ", "\n", "\n ", " "])
        box = self.pick(
            [
                f"P.O. Box {self.digits('%##')}",
                f"PO Box {self.digits('%###')}",
                f"Unit {self.digits('%###')} Box {self.digits('%###')}",
                f"PSC {self.digits('%###')}, Box {self.digits('%###')}",
            ]
        )
        military = f"{self.pick(['APO', 'DPO', 'FPO'])} {self.pick(['AA', 'AE', 'AP'])} {self.digits('%####')}"
        forms = [
            f"{street}",
            f"{street}",
            f"{street} {flat}",
            f"{street} {flat}{line}{town}, {self.digits('??')} {zip_}",
            f"{street}{line}{flat}{line}{town}{line}{self.country()} {zip_}",
            f"{street}, {town}",
            f"{street}{line}{zip_} {town}",
            f"{street}{line}{town} {zip_}",
            f"{street}, {town}, {self.country()}",
            f"{street} {flat}{line}{town}\n, nan\n {zip_}"
            if self.chance(0.1)
            else f"{street} {flat}, {zip_} {town}, {self.country()}",
            f"{box}\n{military}"
            if self.chance(0.5)
            else f"{box}{line}{town}, {self.digits('??')} {zip_}",
            f"the corner of {self.street()} and {self.last()} {self.pick(STREETS)}"
            if self.chance(0.4)
            else street,
        ]
        return self.pick(forms)

    def phone(self) -> str:
        """A telephone number."""
        return self.digits(
            self.pick(
                [
                    "(%##) 555-01##",
                    "%##-555-01##",
                    "+1 %## 555 01##",
                    "+44 7### ######",
                    "+49 %## #######",
                    "0%# ### ## ##",
                    "0#### ######",
                    "555-01##",
                    "+33 % ## ## ## ##",
                    "%##.555.01##",
                    "0%## ## ## ##",
                    "001-%##-555-01##x##",
                ]
            )
        )

    def email(self) -> str:
        """An address of mail."""
        return f"{self.first().lower()}.{self.last().split(' ')[-1].lower()}@example.{self.pick(['com', 'org', 'net'])}"

    def url(self) -> str:
        """An address of the web."""
        return f"https://www.example.{self.pick(['com', 'org'])}/{self._syllables(2)}"

    def card(self) -> str:
        """A card number whose check digit is right."""
        stem = self.digits("4##############")
        return next(stem + str(last) for last in range(10) if luhn(stem + str(last)))

    def number(self) -> str:
        """A number that names a case, a person, an account."""
        return self.digits(
            self.pick(
                [
                    "%#######",
                    "??######",
                    "%####/##",
                    "%##-##-####",
                    "?-%####",
                    "%########",
                    "##/%###",
                ]
            )
        )
