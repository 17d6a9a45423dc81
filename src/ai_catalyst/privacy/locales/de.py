"""German."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="de",
    titles=words("herr herrn frau fräulein dr prof professor doktor ing dipl-ing mag"),
    kin=words(
        "ehefrau ehemann frau mann sohn tochter bruder schwester mutter vater freund freundin"
    ),
    name_cues=(
        "ich heiße",
        "ich heisse",
        "mein name ist",
        "name ist",
        "ich bin",
        "hier ist",
        "hier spricht",
        "namens",
        "lieber",
        "liebe",
        "hallo",
        "grüße",
        "gruß",
        "grüßen",
        "unterzeichnet von",
        "vertreten durch",
        "z. hd.",
        "zu händen",
        "geborene",
        "geb.",
    ),
    name_labels=words(
        "name vorname nachname familienname geburtsname patient patientin kunde kundin ansprechpartner "
        "kontakt mieter vermieter kläger klägerin beklagter beklagte zeuge von an absender empfänger "
        "unterschrift versicherter versicherungsnehmer kontoinhaber arzt"
    ),
    cues={
        "phone": words(
            "telefon tel telefonnummer handy handynummer mobil mobilnummer fax rufnummer durchwahl "
            "festnetz anrufen erreichbar ruf rückruf"
        ),
        "card": words("karte kreditkarte kartennummer kreditkartennummer ec-karte"),
        "account": words("konto kontonummer bankleitzahl blz bankverbindung"),
        "passport": words("reisepass pass passnummer reisepassnummer"),
        "licence": words("führerschein führerscheinnummer"),
        "national-id": words(
            "personalausweis ausweis ausweisnummer personalausweisnummer steuer-id steuernummer "
            "steueridentifikationsnummer idnr sozialversicherungsnummer rentenversicherungsnummer "
            "svnr ahv ahv-nummer ust-idnr umsatzsteuer-id"
        ),
        "medical": words("patientennummer fallnummer krankenversichertennummer"),
        "insurance": words(
            "versicherungsnummer versichertennummer versicherung police policennummer krankenkasse"
        ),
        "vehicle": words("kennzeichen kfz-kennzeichen fahrgestellnummer fin amtliches_kennzeichen"),
        "reference": words(
            "nummer nr aktenzeichen az kundennummer rechnungsnummer vertragsnummer auftragsnummer "
            "bestellnummer mitgliedsnummer matrikelnummer personalnummer referenz vorgangsnummer"
        ),
        "zip": words("plz postleitzahl"),
        "birth": words("geboren geb geburtsdatum geburtstag"),
        "username": words("benutzername nutzername benutzer anmeldename"),
        "secret": words("passwort kennwort geheimnis zugangscode pin"),
        "plain-number": words(
            "version abschnitt artikel art kapitel seite gesetz regel absatz abs satz bgb stgb zpo "
            "anlage band ausgabe randnummer"
        ),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "januar jänner",
                "februar feber",
                "märz",
                "april",
                "mai",
                "juni",
                "juli",
                "august",
                "september",
                "oktober okt",
                "november",
                "dezember dez",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag"),
    units=words("wohnung whg stock etage stiege tür postfach haus zimmer"),
    address_cues=(
        "wohnhaft in",
        "wohnt in der",
        "wohne in der",
        "wohnt am",
        "anschrift:",
        "adresse:",
        "adresse ist",
        "adresse lautet",
        "wohnhaft",
    ),
    bodies=words(
        "universität hochschule schule gymnasium akademie institut krankenhaus klinik klinikum gericht "
        "amtsgericht landgericht oberlandesgericht verwaltungsgericht bundesgericht ministerium amt "
        "behörde kommission ausschuss rat verband verein stiftung partei bank sparkasse gesellschaft "
        "gruppe kirche museum polizei regierung republik versicherung verlag stadtwerke finanzamt "
        "jugendamt standesamt praxis kanzlei"
    ),
    place_cues=words("in aus nach bei nähe stadt gemeinde ort dorf bezirk landkreis"),
    age_words=("jahre alt", "jährige", "jähriger", "jährigen", "jahre", "lebensjahr"),
    particles=words("von zu vom zum zur der und"),
    nouns_are_capital=True,
    function_words=words(
        "der die das und ist nicht ich sie mit ein eine zu den von für auf im dem wir es auch des wird "
        "bei sind als wie nach aus bitte mein meine ihr ihre am"
    ),
)
