"""Made-up people, places, firms and numbers for the texts a model is trained on.

Half of the names are well known ones, half are put together from syllables, so that a model learns
to read what stands around a name rather than to know it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.recognisers.checks import luhn

__all__ = ["Values"]

_GIVEN = sorted(
    words(
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard "
        "Susan Joseph Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Margaret Mark "
        "Sandra Paul Ashley Steven Kimberly Andrew Emily Kenneth Donna Joshua Michelle Kevin Dorothy Brian "
        "Carol George Amanda Edward Melissa Ronald Deborah Timothy Stephanie Jason Rebecca Jeffrey Sharon "
        "Ryan Laura Jacob Cynthia Gary Kathleen Nicholas Amy Eric Shirley Jonathan Angela Stephen Helen "
        "Hans Ulrike Jürgen Sabine Klaus Monika Stefan Petra Wolfgang Heike Dieter Anja Jörg Silke Uwe "
        "Pierre Marie Jean Sylvie Michel Nathalie Philippe Isabelle Alain Céline Luc Amélie Étienne Chloé "
        "José María Antonio Carmen Manuel Ana Francisco Isabel Javier Lucía Pablo Elena Diego Rocío Álvaro "
        "Giuseppe Francesca Giovanni Giulia Marco Chiara Luca Alessandra Matteo Valentina Paolo Federica "
        "Jan Anna Piet Sanne Kees Marieke Joost Femke Willem Anouk Sven Ingrid Lars Astrid Erik Birgit Bjørn "
        "Piotr Katarzyna Andrzej Agnieszka Tomasz Małgorzata Jiří Tereza Petr Jana István Katalin László Ágnes "
        "Ivan Olga Dmitri Svetlana Sergei Natalia Mehmet Ayşe Mustafa Fatma Ahmed Fatima Omar Layla Yusuf "
        "Amina Ali Zeynep Wei Mei Jun Hiroshi Yuki Kenji Aiko Min Raj Priya Arjun Ananya Sanjay Deepa Kwame "
        "Amara Chidi Ngozi Thabo Zanele Nikos Eleni Giorgos Ana Mihai Ioana Andrei Milan Jelena Dragan Marija "
        "Janne Aino Mikko Päivi Tiago Beatriz João Inês Oleksandr Oksana Levan Nino Aram Ani Tamás Zsófia".replace(
            "_", "-"
        )
    )
)
_SURNAMES = sorted(
    words(
        "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Jackson Martin Lee "
        "Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Torres Hill Green "
        "Adams Nelson Baker Hall Campbell Mitchell Carter Roberts Phillips Evans Turner Parker Edwards Collins "
        "Stewart Morris Murphy Cook Rogers Reed Bailey Cooper Richardson Cox Howard Ward Peterson Gray Watson "
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf "
        "Dubois Durand Leroy Moreau Laurent Simon Michel Lefebvre Bertrand Roux Vincent Fournier Girard Lambert "
        "García Martínez López Sánchez Pérez Gómez Fernández Díaz Ruiz Moreno Álvarez Romero Navarro Domínguez "
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti Galli Costa Fontana "
        "Jansen Bakker Visser Smit Mulder Bos Vos Peters Hendriks Dekker Brouwer Hansen Larsen Nilsson Berg "
        "Nowak Kowalski Wiśniewski Kamiński Novák Svoboda Dvořák Nagy Kovács Szabó Horváth Ivanov Petrov Smirnov "
        "Yılmaz Kaya Demir Çelik Şahin Aydın Öztürk Khan Hussain Patel Sharma Singh Gupta Kumar Chen Wang Li Zhang "
        "Tanaka Suzuki Sato Kim Park Nguyen Tran Okafor Mensah Papadopoulos Popescu Jovanović Virtanen Silva Santos".replace(
            "_", "-"
        )
    )
)
_ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sh",
    "sk",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
    "zh",
    "ts",
    "kh",
    "th",
    "y",
]
_VOWELS = "a a a e e e i i o o u ai ei ou ia ö ü á é í".split()  # noqa: SIM905
_CODAS = ["", "", "", "n", "r", "l", "s", "k", "m", "t", "nd", "rt", "sh"]
_TAILS = [
    "son",
    "sen",
    "sson",
    "ski",
    "ska",
    "sky",
    "ová",
    "ova",
    "ov",
    "ev",
    "enko",
    "uk",
    "ić",
    "ović",
    "ič",
    "ák",
    "ek",
    "ová",
    "escu",
    "eanu",
    "idis",
    "opoulos",
    "akis",
    "oğlu",
    "ez",
    "es",
    "ini",
    "elli",
    "etti",
    "ari",
    "ano",
    "aert",
    "mans",
    "ers",
    "stra",
    "sma",
    "inen",
    "nen",
    "äinen",
    "berg",
    "mann",
    "stein",
    "feld",
    "bauer",
    "ian",
    "yan",
    "shvili",
    "dze",
    "wala",
    "kar",
    "nathan",
    "moto",
    "yama",
    "mura",
    "wei",
    "ang",
    "ong",
    "ado",
    "eiro",
    "inho",
]
_FIRST_TAILS = [
    "",
    "",
    "a",
    "a",
    "ia",
    "ina",
    "o",
    "us",
    "an",
    "in",
    "ek",
    "ka",
    "el",
    "is",
    "ett",
    "y",
    "i",
    "e",
]
_TOWN_TAILS = [
    "ville",
    "ton",
    "burg",
    "berg",
    "ham",
    "field",
    "ford",
    "stad",
    "by",
    "holm",
    "hausen",
    "dorf",
    "kirchen",
    "ovo",
    "ice",
    "any",
    "ovka",
    "abad",
    "pur",
    "kent",
    "iki",
    "polis",
    "eva",
    "ano",
    "ara",
    "ina",
    "ella",
    "ona",
    "ey",
    "mouth",
    "port",
    "wick",
    "stead",
    "minster",
    "worth",
]
_FIRM_WORDS = [
    "Alpha",
    "Blue",
    "Bright",
    "North",
    "Harbor",
    "Summit",
    "Cedar",
    "Falcon",
    "Orbit",
    "Pixel",
    "Quantum",
    "River",
    "Silver",
    "Solar",
    "Stellar",
    "Terra",
    "Vertex",
    "Vector",
    "Global",
    "United",
    "Premier",
    "Atlas",
    "Beacon",
    "Crescent",
    "Delta",
    "Ember",
    "Fusion",
    "Granite",
    "Horizon",
    "Ivory",
    "Juniper",
    "Keystone",
    "Lumen",
    "Meridian",
    "Nimbus",
    "Onyx",
    "Pinnacle",
    "Redwood",
    "Sapphire",
    "Titan",
    "Urban",
    "Velocity",
    "Willow",
    "Zenith",
    "Open",
    "Smart",
    "Green",
    "First",
    "Data",
    "Cloud",
    "Health",
    "Food",
    "Energy",
    "Trade",
    "Garden",
    "City",
    "Royal",
    "Prime",
    "Swift",
    "Clear",
]
_FIRM_HEADS = [
    "Systems",
    "Solutions",
    "Technologies",
    "Consulting",
    "Partners",
    "Holdings",
    "Group",
    "Industries",
    "Logistics",
    "Pharma",
    "Media",
    "Foods",
    "Insurance",
    "Bank",
    "Capital",
    "Ventures",
    "Labs",
    "Software",
    "Energy",
    "Motors",
    "Foundation",
    "Institute",
    "University",
    "Hospital",
    "Clinic",
    "Academy",
    "College",
    "Museum",
    "Agency",
    "Association",
    "Society",
    "Orchestra",
    "Press",
    "Airlines",
    "Hotels",
    "Services",
    "Networks",
    "Studios",
]
_FORMS = "Inc Ltd LLC Corp GmbH AG SA BV AB Oy SpA Srl plc PLC Inc. Ltd. Co. Corporation Limited KG SE NV".split()  # noqa: SIM905
_STREETS = "Street St Avenue Ave Road Rd Lane Drive Boulevard Blvd Way Court Place Terrace Crescent Close Square Isle Parks Coves Hill Rise Loop".split()  # noqa: SIM905
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NATIONS = [
    "Turkish",
    "Polish",
    "German",
    "Austrian",
    "Swedish",
    "Norwegian",
    "French",
    "Italian",
    "Spanish",
    "British",
    "Russian",
    "Ukrainian",
    "Greek",
    "Dutch",
    "Belgian",
    "Czech",
    "Hungarian",
    "Romanian",
    "Bulgarian",
    "Croatian",
    "Serbian",
    "Kurdish",
    "Nigerian",
    "Kenyan",
    "Indian",
    "Chinese",
    "Japanese",
    "Korean",
    "Vietnamese",
    "Brazilian",
    "Mexican",
    "Canadian",
    "American",
    "Australian",
    "Irish",
    "Scottish",
    "Danish",
    "Finnish",
    "Swiss",
    "Syrian",
    "Iraqi",
    "Iranian",
    "Afghan",
    "Somali",
    "Moroccan",
    "Algerian",
    "Egyptian",
    "Israeli",
    "Jewish",
    "Muslim",
    "Catholic",
]
_COUNTRIES = [
    "Turkey",
    "Poland",
    "Germany",
    "Austria",
    "Sweden",
    "Norway",
    "France",
    "Italy",
    "Spain",
    "Russia",
    "Ukraine",
    "Greece",
    "Belgium",
    "Hungary",
    "Romania",
    "Bulgaria",
    "Croatia",
    "Serbia",
    "Nigeria",
    "Kenya",
    "India",
    "China",
    "Japan",
    "Vietnam",
    "Brazil",
    "Mexico",
    "Canada",
    "Australia",
    "Ireland",
    "Scotland",
    "Denmark",
    "Finland",
    "Switzerland",
    "Syria",
    "Iraq",
    "Iran",
    "Somalia",
    "Morocco",
    "Algeria",
    "Egypt",
    "Israel",
    "Estonia",
    "Iceland",
    "Portugal",
    "Uruguay",
    "Chile",
    "Tunisia",
    "Cyprus",
    "Slovenia",
    "New Zealand",
    "United Kingdom",
    "United States",
    "South Africa",
    "Czech Republic",
    "Costa Rica",
]
_CITIES = [
    "London",
    "Paris",
    "Berlin",
    "Madrid",
    "Rome",
    "Vienna",
    "Warsaw",
    "Prague",
    "Budapest",
    "Istanbul",
    "Ankara",
    "Izmir",
    "Athens",
    "Dublin",
    "Oslo",
    "Stockholm",
    "Helsinki",
    "Copenhagen",
    "Amsterdam",
    "Brussels",
    "Zurich",
    "Munich",
    "Hamburg",
    "Milan",
    "Barcelona",
    "Lisbon",
    "Moscow",
    "Kyiv",
    "Chicago",
    "Boston",
    "Seattle",
    "Denver",
    "Houston",
    "Toronto",
    "Sydney",
    "Mumbai",
    "Delhi",
    "Tokyo",
    "Seoul",
    "Lagos",
    "Nairobi",
    "Cairo",
]
_JOBS = [
    "nurse",
    "teacher",
    "lawyer",
    "electrician",
    "carpenter",
    "accountant",
    "engineer",
    "journalist",
    "farmer",
    "dancer",
    "dentist",
    "plumber",
    "pharmacist",
    "police_officer",
    "university_professor",
    "research_assistant",
    "primary_school_teacher",
    "truck_driver",
    "software_developer",
    "sales_manager",
    "bus_driver",
    "civil_servant",
    "prison_guard",
    "social_worker",
    "hairdresser",
    "chef",
    "painter",
    "translator",
    "librarian",
    "paramedic",
    "radiographer",
    "data_analyst",
    "product_manager",
    "shop_assistant",
    "bricklayer",
    "welder",
    "conductor",
    "photographer",
    "marketing_director",
    "human_resources_specialist",
    "insurance_broker",
    "estate_agent",
]
_TITLES = "Mr Mrs Ms Dr Mr. Mrs. Ms. Dr. Prof. Miss Professor Mr Mrs Mr. Ms.".split()  # noqa: SIM905


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
            self.pick(_ONSETS)
            + self.pick(_VOWELS)
            + (self.pick(_CODAS) if self.chance(0.4) else "")
            for _ in range(count)
        )
        return "".join(parts)

    def first(self) -> str:
        """A given name."""
        if self.chance(0.55):
            return self.pick(_GIVEN)
        name = (self._syllables(self.rng.randint(1, 2)) + self.pick(_FIRST_TAILS)).capitalize()
        return f"{name}-{self.pick(_GIVEN)}" if self.chance(0.04) else name

    def last(self) -> str:
        """A surname."""
        if self.chance(0.45):
            name = self.pick(_SURNAMES)
        else:
            name = (self._syllables(self.rng.randint(1, 2)) + self.pick(_TAILS)).capitalize()
        if self.chance(0.05):
            return (
                f"{self.pick(['van', 'de', 'von', 'van der', 'de la', 'al', 'di', 'bin'])} {name}"
            )
        if self.chance(0.03):
            return f"{self.pick(['O’', 'Mc', 'Mac', 'D’'])}{name}"
        return f"{name}-{self.pick(_SURNAMES)}" if self.chance(0.05) else name

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
            return f"{self.pick(_TITLES)} {self.last()}"
        if shape < 0.7:
            return f"{self.pick(_TITLES)} {self.name()}"
        initials = ".".join(
            self.rng.choice("ABCDEFGHIJKLMNOPRSTUVZ") for _ in range(self.rng.randint(1, 2))
        )
        return f"{self.pick(_TITLES)} {initials}. {self.last()}"

    def city(self) -> str:
        """A town, known or not; sometimes shouted."""
        if self.chance(0.4):
            return self.pick(_CITIES)
        name = (self._syllables(self.rng.randint(1, 2)) + self.pick(_TOWN_TAILS)).capitalize()
        if self.chance(0.1):
            name = f"{self.pick(['San', 'Bad', 'St.', 'Nova', 'Alt', 'Lower', 'Villa', 'Port', 'Mount'])} {name}"
        return name.upper() if self.chance(0.1) else name

    def country(self) -> str:
        """A country."""
        return self.pick(_COUNTRIES)

    def nation(self) -> str:
        """What people of a country or faith are called."""
        return self.pick(_NATIONS)

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
            return f"{self.pick(_FIRM_WORDS)} {self.pick(_FIRM_HEADS)}"
        if shape < 0.65:
            return f"{self.pick([coined, self.last(), self.pick(_FIRM_WORDS)])} {self.pick(_FORMS)}"
        if shape < 0.8:
            return coined
        if shape < 0.9:
            return f"{self.city().title()} {self.pick(_FIRM_HEADS)}"
        return f"{self.pick(_FIRM_WORDS)} {self.pick(_FIRM_WORDS)} {self.pick(_FORMS)}"

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
        name = _MONTHS[month - 1]
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
        return self.pick(_JOBS).replace("_", " ")

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
            [self.last(), self.first(), self.pick(_FIRM_WORDS), f"{self.digits('%')}th"]
        )
        forms = [
            f"{number} {stem} {self.pick(_STREETS)}",
            f"{number} {stem} {self.pick(_STREETS)}",
            f"{stem.split(' ')[-1].lower().capitalize()}{self.pick(['straße', 'strasse', 'gasse', 'gata', 'vägen', 'straat', 'weg', 'gade', 'katu', 'vej', 'laan'])} {number}",
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
            f"the corner of {self.street()} and {self.last()} {self.pick(_STREETS)}"
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
