"""Italian."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="it",
    titles=words(
        "sig signor signore signora signorina sig.ra dott dottor dottore dottoressa dr avv avvocato ing prof professore professoressa arch geom"
    ),
    kin=words("moglie marito figlio figlia fratello sorella madre padre amico amica"),
    name_cues=(
        "mi chiamo",
        "il mio nome è",
        "nome è",
        "sono",
        "si chiama",
        "chiamato",
        "chiamata",
        "gentile",
        "egregio",
        "caro",
        "cara",
        "ciao",
        "cordiali saluti",
        "rappresentato da",
        "rappresentata da",
    ),
    name_labels=words(
        "nome cognome nome_e_cognome nominativo paziente cliente contatto richiedente mittente "
        "destinatario firma intestatario assicurato medico testimone inquilino proprietario da a"
    ),
    cues={
        "phone": words("telefono tel cellulare cell mobile fax chiamare chiamami numero"),
        "card": words("carta credito debito"),
        "account": words("conto"),
        "passport": words("passaporto"),
        "licence": words("patente"),
        "national-id": words(
            "codice_fiscale cf c.f. carta_d'identità tessera_sanitaria partita_iva p.iva"
        ),
        "medical": words("cartella_clinica"),
        "insurance": words("assicurazione polizza"),
        "vehicle": words("targa telaio"),
        "reference": words("numero n. n° nr rif riferimento pratica ordine fattura contratto"),
        "zip": words("cap codice_postale"),
        "birth": words("nato nata nascita"),
        "username": words("utente"),
        "secret": words("parola_d'ordine"),
        "plain-number": words("articolo legge decreto pagina capitolo comma regolamento sezione"),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "gennaio gen",
                "febbraio",
                "marzo",
                "aprile",
                "maggio mag",
                "giugno giu",
                "luglio lug",
                "agosto",
                "settembre set",
                "ottobre ott",
                "novembre",
                "dicembre dic",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    streets=words("via viale piazza piazzale corso vicolo largo strada contrada borgo lungomare"),
    units=words("interno int scala piano palazzina casella_postale"),
    address_cues=(
        "abito in",
        "abita in",
        "residente in",
        "residente a",
        "domiciliato in",
        "indirizzo:",
        "indirizzo è",
    ),
    bodies=words(
        "università scuola liceo istituto accademia ospedale clinica tribunale corte ministero comune "
        "commissione comitato consiglio associazione fondazione sindacato partito banca società "
        "compagnia gruppo chiesa museo polizia governo repubblica centro agenzia procura"
    ),
    place_cues=words("a in da di verso città paese provincia regione comune"),
    age_words=("anni",),
    particles=words("di de del della dei e la lo"),
    function_words=words(
        "il la le di e che è in un una per con non si del della dei al sono mi da come più questo ho ha "
        "nel alla gli lo mio mia"
    ),
)
