"""Dutch."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="nl",
    titles=words("dhr mevr mw mevrouw meneer heer mijnheer dr drs ir ing mr prof professor"),
    kin=words(
        "vrouw man echtgenoot echtgenote zoon dochter broer zus moeder vader vriend vriendin"
    ),
    name_cues=(
        "ik heet",
        "mijn naam is",
        "naam is",
        "ik ben",
        "genaamd",
        "beste",
        "geachte",
        "hallo",
        "hoi",
        "groet",
        "groeten",
        "met vriendelijke groet",
        "vertegenwoordigd door",
        "t.a.v.",
    ),
    name_labels=words(
        "naam voornaam achternaam patiënt klant contact contactpersoon aanvrager van aan afzender "
        "ontvanger handtekening verzekerde rekeninghouder arts getuige huurder verhuurder"
    ),
    cues={
        "phone": words("telefoon tel telefoonnummer mobiel gsm fax bel bellen bereikbaar nummer"),
        "card": words("kaart creditcard kaartnummer pinpas"),
        "account": words("rekening rekeningnummer bankrekening"),
        "passport": words("paspoort paspoortnummer"),
        "licence": words("rijbewijs rijbewijsnummer"),
        "national-id": words(
            "bsn burgerservicenummer identiteitskaart rijksregisternummer sofinummer btw btw-nummer"
        ),
        "medical": words("patiëntnummer dossiernummer"),
        "insurance": words("verzekering polis polisnummer"),
        "vehicle": words("kenteken nummerplaat chassisnummer"),
        "reference": words(
            "nummer nr kenmerk referentie zaaknummer klantnummer factuurnummer ordernummer dossier"
        ),
        "zip": words("postcode"),
        "birth": words("geboren geboortedatum geb"),
        "username": words("gebruikersnaam"),
        "secret": words("wachtwoord"),
        "plain-number": words("artikel wet besluit pagina hoofdstuk lid paragraaf regel versie"),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "januari",
                "februari",
                "maart mrt",
                "april",
                "mei",
                "juni",
                "juli",
                "augustus",
                "september",
                "oktober okt",
                "november",
                "december",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
    units=words("appartement verdieping bus postbus kamer"),
    address_cues=(
        "woont aan de",
        "woon aan de",
        "woonachtig te",
        "wonende te",
        "adres:",
        "adres is",
    ),
    bodies=words(
        "universiteit hogeschool school academie instituut ziekenhuis kliniek rechtbank gerechtshof raad "
        "ministerie gemeente commissie comité vereniging stichting vakbond partij bank maatschappij "
        "groep kerk museum politie regering belastingdienst"
    ),
    place_cues=words("in te uit naar van nabij stad gemeente dorp provincie"),
    age_words=("jaar oud", "jarige", "jaar"),
    particles=words("van de der den het ter ten te en"),
    function_words=words(
        "de het een en van is dat in te niet zijn op met voor die er aan ik je hij we maar om ook als dan "
        "mijn uw bij deze wordt naar"
    ),
)
