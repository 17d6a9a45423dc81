"""Invented invoices in nine locales and many layouts, with what each of them says.

Everything in them is made up: firms, people, numbers (with check digits that hold). The same seed
gives the same invoices. `Sheet.page` is a page as the reader gives it, `Sheet.pdf` a PDF file.
"""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ai_catalyst.pdf.model import PageText, Word

__all__ = ["LOCALES", "Invoice", "Sheet", "invoices"]

WIDTH, HEIGHT = 595.0, 842.0
_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/Library/Fonts/Arial Unicode.ttf")


@dataclass
class Sheet:
    """Texts on an A4 page: (left, baseline from the top, text, size)."""

    texts: list[tuple[float, float, str, float]] = field(default_factory=list)

    def put(self, x: float, y: float, text: str, size: float = 9.0) -> float:
        """Write a text and return where it ends."""
        if text:
            self.texts.append((x, y, text, size))
        return x + _width(text, size)

    def right(self, x: float, y: float, text: str, size: float = 9.0) -> None:
        """Write a text that ends at x."""
        self.put(x - _width(text, size), y, text, size)

    @property
    def page(self) -> PageText:
        """The page with word boxes, top to bottom."""
        words = []
        for x, y, text, size in sorted(self.texts, key=lambda one: (one[1], one[0])):
            at = x
            for part in text.split(" "):
                if part:
                    box = (at, y - 0.75 * size, at + _width(part, size), y + 0.2 * size)
                    words.append(Word(part, box))
                at += _width(part + " ", size)
        text = "\n".join(one[2] for one in sorted(self.texts, key=lambda one: one[1]))
        return PageText(1, text, "", WIDTH, HEIGHT, tuple(words))

    @property
    def pdf(self) -> bytes:
        """The page as a PDF file; letters beyond Latin-1 need a font of the system."""
        from reportlab.pdfgen.canvas import Canvas

        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1)
        name = _font_name()
        for x, y, text, size in self.texts:
            canvas.setFont(name, size)
            canvas.drawString(x, HEIGHT - y, text)
        canvas.save()
        return buffer.getvalue()


@dataclass
class Invoice:
    """One invoice: its locale, its layout, what it says, and the sheet."""

    locale: str
    layout: str
    truth: dict[str, Any]
    sheet: Sheet


@lru_cache(maxsize=1)
def _font_name() -> str:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for path in _FONTS:
        if Path(path).exists():
            pdfmetrics.registerFont(TTFont("Wide", path))
            return "Wide"
    return "Helvetica"


@lru_cache(maxsize=65536)
def _width(text: str, size: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    plain = text.encode("latin-1", "replace").decode("latin-1")
    return float(stringWidth(plain, "Helvetica", size))


# How a locale writes.

LOCALES: dict[str, dict[str, Any]] = {
    "en-GB": {
        "currency": "GBP",
        "sign": ("£{}", "{} GBP", "GBP {}"),
        "decimal": ".",
        "group": (",", ""),
        "dates": ("%d/%m/%Y", "{d} {B} %Y", "%Y-%m-%d", "{d}{th} {B} %Y", "%d %b %Y", "%d-%m-%Y"),
        "months": "January February March April May June July August September October November"
        " December",
        "number": ("Invoice No.", "Invoice number", "Invoice #", "INVOICE NO", "Our invoice no"),
        "date": ("Invoice date", "Date", "Date of issue", "Invoice Date/Tax point", "Issued"),
        "due": ("Due date", "Payment due", "Please pay by"),
        "order": ("Order no.", "Your order", "PO Number"),
        "ordered": ("Order date", "Date of order"),
        "client": ("Customer no.", "Account number", "Client ID"),
        "net": ("Subtotal", "Net total", "Total excl. VAT", "Net amount"),
        "tax": ("VAT {r}%", "VAT @ {r}%", "VAT ({r}%)", "Total VAT"),
        "total": ("Total", "Total due", "Amount due", "Total incl. VAT", "Invoice total", "TOTAL"),
        "to": ("Bill to", "Invoice to", "Customer"),
        "title": ("INVOICE", "Tax Invoice", "Invoice"),
        "vat": ("VAT Reg No", "VAT number", "VAT no."),
        "items": ("Description", "Qty", "Unit price", "Amount"),
        "letter": "Invoice {n} of {d}",
        "firms": ("Ltd", "Limited", "LLP", "PLC"),
        "towns": ("Leeds LS1 4AP", "Bristol BS1 5TR", "London EC2A 4NE", "Norwich NR2 1RE"),
        "streets": ("12 Mill Lane", "48 Harbour Street", "7 Old Church Road"),
        "vat_of": ("gb.vat", "GB", 9),
        "iban_of": ("GB", "NWBK", 14),
        "phone": "+44 113 496 0{}",
        "page": "Page 1 of 1",
        "ship": "Postage",
        "theirs": "Customer VAT no",
        "prose": "Thank you for your order of {d}; your credit limit is {m}.",
        "paid": ("Paid", "Balance due"),
    },
    "en-US": {
        "currency": "USD",
        "sign": ("${}", "${}", "USD {}"),
        "decimal": ".",
        "group": (",",),
        "dates": ("%m/%d/%Y", "{B} {d}, %Y", "{b} {d}, %Y", "%Y-%m-%d"),
        "months": "January February March April May June July August September October November"
        " December",
        "number": ("Invoice Number", "Invoice #", "Invoice No.", "INVOICE NUMBER"),
        "date": ("Invoice Date", "Date", "Date Issued", "DATE"),
        "due": ("Due Date", "Payment Due", "Due"),
        "order": ("P.O. #", "PO Number", "Order #"),
        "ordered": ("Order Date", "Ordered"),
        "client": ("Customer ID", "Account #", "Customer #"),
        "net": ("Subtotal", "Sub Total", "SUBTOTAL"),
        "tax": ("Sales Tax ({r}%)", "Tax {r}%", "Tax"),
        "total": ("Total", "Balance Due", "TOTAL DUE", "Amount Due", "Grand Total"),
        "to": ("Bill To", "BILL TO", "Billed To"),
        "title": ("INVOICE", "Invoice"),
        "vat": (),
        "items": ("Item", "Quantity", "Rate", "Amount"),
        "letter": "Invoice {n} dated {d}",
        "firms": ("Inc.", "LLC", "Corp.", "Co."),
        "towns": ("Portland, OR 97205", "Austin, TX 78701", "Denver, CO 80202"),
        "streets": ("410 Cedar Ave", "1200 Lakeview Blvd", "77 Foundry St, Suite 4"),
        "vat_of": None,
        "iban_of": None,
        "phone": "(555) 010-0{}",
        "page": "Page 1/1",
        "ship": "Shipping",
        "theirs": "",
        "prose": "Thank you for your order of {d}; your credit limit is {m}.",
        "paid": ("Amount Paid", "Balance"),
    },
    "de": {
        "currency": "EUR",
        "sign": ("{} €", "{} EUR", "EUR {}", "€ {}"),
        "decimal": ",",
        "group": (".", "", " "),
        "dates": ("%d.%m.%Y", "%d.%m.%y", "{d}. {B} %Y", "%Y-%m-%d"),
        "months": "Januar Februar März April Mai Juni Juli August September Oktober November"
        " Dezember",
        "number": ("Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr.", "Rechn.-Nr.", "Beleg-Nr."),
        "date": ("Rechnungsdatum", "Datum", "Belegdatum", "Rechnung vom"),
        "due": ("Fällig am", "Zahlbar bis", "Fälligkeitsdatum"),
        "order": ("Bestellnummer", "Auftrags-Nr.", "Ihre Bestellung"),
        "ordered": ("Bestelldatum", "Lieferdatum", "Leistungsdatum"),
        "client": ("Kundennummer", "Kunden-Nr.", "Kd.-Nr."),
        "net": ("Nettobetrag", "Zwischensumme", "Summe netto", "Netto"),
        "tax": ("MwSt. {r} %", "zzgl. {r}% USt.", "{r} % Mehrwertsteuer", "USt. {r}%"),
        "total": ("Gesamtbetrag", "Rechnungsbetrag", "Gesamtsumme", "Summe brutto", "Endbetrag"),
        "to": ("Rechnungsempfänger", "Rechnung an", "Kunde"),
        "title": ("Rechnung", "RECHNUNG"),
        "vat": ("USt-IdNr.", "USt-ID", "Umsatzsteuer-ID"),
        "items": ("Bezeichnung", "Menge", "Einzelpreis", "Gesamt"),
        "letter": "Rechnung Nr. {n} vom {d}",
        "firms": ("GmbH", "AG", "GmbH & Co. KG", "e.K.", "UG (haftungsbeschränkt)"),
        "towns": ("20095 Hamburg", "50667 Köln", "80331 München", "01067 Dresden"),
        "streets": ("Hafenstraße 12", "Am Markt 3", "Ringweg 48a"),
        "vat_of": ("de.vat", "DE", 9),
        "iban_of": ("DE", "", 18),
        "phone": "+49 40 5550{}",
        "page": "Seite 1 von 1",
        "ship": "Versandkosten",
        "theirs": "Ihre USt-IdNr.",
        "prose": "Wir danken für Ihren Auftrag vom {d} und berechnen wie besprochen.",
        "paid": ("Bereits gezahlt", "Offener Betrag"),
    },
    "fr": {
        "currency": "EUR",
        "sign": ("{} €", "{} EUR", "{}€"),
        "decimal": ",",
        "group": (" ", "\u00a0", "\u202f", "."),
        "dates": ("%d/%m/%Y", "{d} {B} %Y", "%d.%m.%Y", "{d1} {B} %Y"),
        "months": "janvier février mars avril mai juin juillet août septembre octobre novembre"
        " décembre",
        "number": ("Facture n°", "N° de facture", "Numéro de facture", "Référence facture"),
        "date": ("Date de facture", "Date", "Date d'émission", "Date de facturation"),
        "due": ("Échéance", "Date d'échéance", "À régler avant le"),
        "order": ("N° de commande", "Commande n°", "Votre commande"),
        "ordered": ("Date de commande", "Date de livraison"),
        "client": ("N° client", "Code client", "Référence client"),
        "net": ("Total HT", "Sous-total HT", "Montant HT"),
        "tax": ("TVA {r} %", "TVA ({r}%)", "Montant TVA"),
        "total": ("Total TTC", "Net à payer", "Montant total TTC", "Total à payer"),
        "to": ("Facturé à", "Client", "Adresse de facturation"),
        "title": ("FACTURE", "Facture"),
        "vat": ("N° TVA", "TVA intracommunautaire", "N° TVA intracom."),
        "items": ("Désignation", "Qté", "P.U. HT", "Montant HT"),
        "letter": "Facture n° {n} du {d}",
        "firms": ("SARL", "SAS", "SA", "EURL"),
        "towns": ("69002 Lyon", "75011 Paris", "31000 Toulouse"),
        "streets": ("14 rue des Tanneurs", "3 place du Port", "128 avenue Foch"),
        "vat_of": ("fr.tva", "FR", 11),
        "iban_of": ("FR", "", 23),
        "phone": "+33 4 72 00 0{}",
        "page": "Page 1 / 1",
        "ship": "Frais de port",
        "theirs": "N° TVA client",
        "prose": "Suite à votre demande du {d}, veuillez trouver le détail.",
        "paid": ("Déjà réglé", "Reste à payer"),
    },
    "es": {
        "currency": "EUR",
        "sign": ("{} €", "{} EUR", "{}€"),
        "decimal": ",",
        "group": (".", ""),
        "dates": ("%d/%m/%Y", "{d} de {B} de %Y", "%d-%m-%Y"),
        "months": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
        " diciembre",
        "number": ("Nº de factura", "Factura nº", "Número de factura", "Nº factura"),
        "date": ("Fecha de factura", "Fecha", "Fecha de emisión", "Fecha de expedición"),
        "due": ("Vencimiento", "Fecha de vencimiento"),
        "order": ("Nº de pedido", "Pedido nº", "Su pedido"),
        "ordered": ("Fecha de pedido", "Fecha de entrega"),
        "client": ("Nº de cliente", "Código de cliente"),
        "net": ("Base imponible", "Subtotal", "Importe neto"),
        "tax": ("IVA {r}%", "IVA ({r} %)", "Cuota IVA {r}%"),
        "total": ("Total factura", "Total a pagar", "Importe total", "TOTAL"),
        "to": ("Cliente", "Facturar a", "Datos del cliente"),
        "title": ("FACTURA", "Factura"),
        "vat": ("CIF", "NIF", "C.I.F."),
        "items": ("Descripción", "Cantidad", "Precio", "Importe"),
        "letter": "Factura {n} de fecha {d}",
        "firms": ("S.L.", "S.A.", "SL", "S.L.U."),
        "towns": ("28013 Madrid", "08002 Barcelona", "41001 Sevilla"),
        "streets": ("Calle Mayor 21", "Avenida del Puerto 8", "Plaza Nueva 2"),
        "vat_of": ("es.cif", "", 9),
        "iban_of": ("ES", "", 20),
        "phone": "+34 915 550 {}",
        "page": "Página 1 de 1",
        "ship": "Gastos de envío",
        "theirs": "NIF cliente",
        "prose": "Según lo acordado el {d} con un límite de {m}.",
        "paid": ("Pagado", "Pendiente"),
    },
    "it": {
        "currency": "EUR",
        "sign": ("€ {}", "{} €", "EUR {}"),
        "decimal": ",",
        "group": (".", ""),
        "dates": ("%d/%m/%Y", "{d} {B} %Y", "%d-%m-%Y"),
        "months": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre"
        " novembre dicembre",
        "number": ("Fattura n.", "Numero fattura", "Fattura nr.", "N. documento"),
        "date": ("Data fattura", "Data", "Data di emissione", "Data documento"),
        "due": ("Scadenza", "Data scadenza", "Scadenza pagamento"),
        "order": ("Ordine n.", "Rif. ordine", "Vs. ordine"),
        "ordered": ("Data ordine", "Data consegna"),
        "client": ("Codice cliente", "Cod. cliente"),
        "net": ("Imponibile", "Totale imponibile", "Subtotale"),
        "tax": ("IVA {r}%", "IVA ({r}%)", "Totale IVA"),
        "total": ("Totale fattura", "Totale documento", "Totale da pagare", "Netto a pagare"),
        "to": ("Cliente", "Spett.le", "Destinatario"),
        "title": ("FATTURA", "Fattura"),
        "vat": ("P. IVA", "Partita IVA", "P.IVA"),
        "items": ("Descrizione", "Quantità", "Prezzo unitario", "Importo"),
        "letter": "Fattura n. {n} del {d}",
        "firms": ("S.r.l.", "S.p.A.", "Srl", "S.n.c."),
        "towns": ("20121 Milano", "00184 Roma", "40121 Bologna"),
        "streets": ("Via Garibaldi 14", "Corso Italia 5", "Via del Porto 90"),
        "vat_of": ("it.iva", "IT", 11),
        "iban_of": ("IT", "X", 22),
        "phone": "+39 02 5550 {}",
        "page": "Pagina 1 di 1",
        "ship": "Spese di spedizione",
        "theirs": "P. IVA cliente",
        "prose": "Come da accordi del {d} vi fatturiamo quanto segue.",
        "paid": ("Acconto", "Residuo"),
    },
    "nl": {
        "currency": "EUR",
        "sign": ("€ {}", "{} EUR", "€{}"),
        "decimal": ",",
        "group": (".", ""),
        "dates": ("%d-%m-%Y", "{d} {B} %Y", "%d/%m/%Y"),
        "months": "januari februari maart april mei juni juli augustus september oktober november"
        " december",
        "number": ("Factuurnummer", "Factuurnr.", "Factuur nr."),
        "date": ("Factuurdatum", "Datum", "Datum factuur"),
        "due": ("Vervaldatum", "Uiterste betaaldatum", "Te betalen voor"),
        "order": ("Ordernummer", "Bestelnummer", "Uw referentie"),
        "ordered": ("Orderdatum", "Leverdatum"),
        "client": ("Klantnummer", "Debiteurnummer"),
        "net": ("Subtotaal", "Totaal excl. BTW", "Exclusief BTW"),
        "tax": ("BTW {r}%", "{r}% BTW", "BTW ({r}%)"),
        "total": ("Totaal", "Totaal incl. BTW", "Te betalen", "Totaalbedrag"),
        "to": ("Factuuradres", "Factuur aan", "Klant"),
        "title": ("FACTUUR", "Factuur"),
        "vat": ("BTW-nummer", "BTW nr.", "BTW-id"),
        "items": ("Omschrijving", "Aantal", "Prijs", "Bedrag"),
        "letter": "Factuur {n} d.d. {d}",
        "firms": ("B.V.", "BV", "N.V.", "V.O.F."),
        "towns": ("3012 CN Rotterdam", "1017 AB Amsterdam", "5611 EM Eindhoven"),
        "streets": ("Havenweg 12", "Kerkstraat 81", "Singel 4b"),
        "vat_of": ("nl.btw", "NL", 12),
        "iban_of": ("NL", "BANK", 10),
        "phone": "+31 10 555 0{}",
        "page": "Pagina 1 van 1",
        "ship": "Verzendkosten",
        "theirs": "Uw BTW-nummer",
        "prose": "Hierbij ontvangt u de factuur voor uw bestelling van {d}.",
        "paid": ("Reeds betaald", "Nog te betalen"),
    },
    "pt": {
        "currency": "EUR",
        "sign": ("{} €", "{} EUR", "€ {}"),
        "decimal": ",",
        "group": (".", " ", ""),
        "dates": ("%d/%m/%Y", "{d} de {B} de %Y", "%Y-%m-%d", "%d-%m-%Y"),
        "months": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro"
        " dezembro",
        "number": ("Fatura n.º", "Nº da fatura", "Número da fatura", "Fatura nº"),
        "date": ("Data da fatura", "Data", "Data de emissão"),
        "due": ("Data de vencimento", "Vencimento"),
        "order": ("Encomenda n.º", "Nº da encomenda"),
        "ordered": ("Data da encomenda", "Data de entrega"),
        "client": ("Código cliente", "N.º cliente"),
        "net": ("Subtotal", "Total sem IVA", "Total líquido"),
        "tax": ("IVA {r}%", "IVA ({r}%)", "Total IVA"),
        "total": ("Total a pagar", "Total com IVA", "Total da fatura", "TOTAL"),
        "to": ("Cliente", "Faturado a", "Destinatário"),
        "title": ("FATURA", "Fatura"),
        "vat": ("NIF", "Contribuinte n.º", "NIPC"),
        "items": ("Descrição", "Qtd.", "Preço unit.", "Valor"),
        "letter": "Fatura n.º {n} de {d}",
        "firms": ("Lda.", "S.A.", "Unipessoal Lda.", "Lda"),
        "towns": ("1100-148 Lisboa", "4000-322 Porto", "3000-213 Coimbra"),
        "streets": ("Rua do Carmo 15", "Avenida da Liberdade 210", "Largo da Sé 3"),
        "vat_of": ("pt.nif", "", 9),
        "iban_of": ("PT", "", 21),
        "phone": "+351 21 555 0{}",
        "page": "Página 1 de 1",
        "ship": "Portes",
        "theirs": "NIF do cliente",
        "prose": "Conforme combinado em {d} enviamos o detalhe.",
        "paid": ("Pago", "Em falta"),
    },
    "pl": {
        "currency": "PLN",
        "sign": ("{} zł", "{} PLN", "{}"),
        "decimal": ",",
        "group": (" ", "\u00a0", ""),
        "dates": ("%d.%m.%Y", "%Y-%m-%d", "{d} {B} %Y r.", "%d-%m-%Y"),
        "months": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września"
        " października listopada grudnia",
        "number": ("Faktura nr", "Numer faktury", "Faktura VAT nr", "Nr faktury"),
        "date": ("Data wystawienia", "Data faktury", "Wystawiono dnia"),
        "due": ("Termin płatności", "Termin zapłaty"),
        "order": ("Nr zamówienia", "Zamówienie nr"),
        "ordered": ("Data sprzedaży", "Data zamówienia"),
        "client": ("Nr klienta", "Kod klienta"),
        "net": ("Wartość netto", "Razem netto", "Suma netto"),
        "tax": ("Kwota VAT", "VAT {r}%", "Podatek VAT {r}%"),
        "total": ("Do zapłaty", "Razem do zapłaty", "Wartość brutto", "Kwota do zapłaty"),
        "to": ("Nabywca", "Kupujący"),
        "title": ("Faktura VAT", "FAKTURA"),
        "vat": ("NIP", "NIP sprzedawcy"),
        "items": ("Nazwa", "Ilość", "Cena netto", "Wartość netto"),
        "letter": "Faktura VAT nr {n} z dnia {d}",
        "firms": ("Sp. z o.o.", "S.A.", "sp. z o.o.", "sp. j."),
        "towns": ("00-132 Warszawa", "31-042 Kraków", "80-831 Gdańsk"),
        "streets": ("ul. Długa 15", "ul. Polna 4/12", "al. Wojska 88"),
        "vat_of": ("pl.nip", "", 10),
        "iban_of": ("PL", "", 24),
        "phone": "+48 22 555 0{}",
        "page": "Strona 1 z 1",
        "ship": "Koszt wysyłki",
        "theirs": "NIP nabywcy",
        "prose": "Zgodnie z ustaleniami z dnia {d} przesyłamy rozliczenie.",
        "paid": ("Zapłacono", "Pozostało do zapłaty"),
    },
}

_NAMES = ("Northwind Paper", "Birchfield", "Lumora", "Tessel Studio", "Kestrel & Vale", "Ondine")
_NAMES += ("Marlow Timber", "Quillon", "Vantor", "Bluefen Logistics", "Aster", "Corvid Labs")
_PEOPLE = (
    "Doe Brothers",
    "Jane Doe",
    "Example Works",
    "Richard Roe",
    "Sample Bakery",
    "Max Muster",
)
_GOODS = ("Oak shelf 80x20", "Service flat rate", "Paper A4 80 g", "Cable CAT6 5m", "Repair hour")
_GOODS += ("Desk lamp", "Hosting 12 months", "Coffee 1 kg", "Translation p. page", "Box 30x40")
_LAYOUTS = ("list", "columns", "stacked", "table", "letter")
_SUMS = ("right", "strip", "left")


def invoices(count: int = 20, seed: int = 1, locales: tuple[str, ...] = ()) -> Iterator[Invoice]:
    """Yield so many invoices of each locale."""
    for name in locales or tuple(LOCALES):
        for number in range(count):
            yield _Maker(name, random.Random(f"{seed}/{name}/{number}")).make()


class _Maker:
    def __init__(self, locale: str, chance: random.Random) -> None:
        self.name = locale
        self.words = LOCALES[locale]
        self.chance = chance
        self.sheet = Sheet()
        self.layout = chance.choice(_LAYOUTS)
        self.sums = chance.choice(_SUMS)
        self.colon = chance.choice((":", ":", "", " :"))
        self.group = chance.choice(self.words["group"])
        self.sign = chance.choice(self.words["sign"])
        self.date_style = chance.choice(self.words["dates"])
        self.shouts = chance.random() < 0.15
        self.truth: dict[str, Any] = {"currency": self.words["currency"]}

    def make(self) -> Invoice:
        self._numbers()
        self._head()
        y = self._facts(max(self._customer(), 215.0))
        y = self._items(y + 24)
        y = self._totals(y + 14)
        self._foot(y)
        if self.sign == "{}":
            self.sheet.put(60, y + 30, f"Waluta: {self.words['currency']}")
        return Invoice(self.name, f"{self.layout}/{self.sums}", self.truth, self.sheet)

    # What it says.

    def _numbers(self) -> None:
        chance, words = self.chance, self.words
        rate = chance.choice((19, 20, 21, 22, 23, 7))
        self.rate = rate
        self.lines = [
            (chance.choice(_GOODS), chance.randint(1, 12), chance.randint(150, 90_000) / 100)
            for _ in range(chance.randint(1, 7))
        ]
        net = round(sum(count * price for _, count, price in self.lines), 2)
        tax = round(net * rate / 100, 2)
        self.sent = chance.choice((0.0, 0.0, 0.0, 4.9, 12.5)) if words["ship"] else 0.0
        self.truth |= {"net": net, "tax": tax, "total": round(net + tax + self.sent, 2)}
        day = dt.date(2019, 1, 1) + dt.timedelta(chance.randint(0, 2500))
        self.day = day
        self.truth["date"] = day.isoformat()
        self.due = day + dt.timedelta(chance.choice((10, 14, 30)))
        self.truth["due_date"] = self.due.isoformat()
        self.truth["invoice_number"] = self._number()
        firm = f"{chance.choice(_NAMES)} {chance.choice(words['firms'])}"
        self.truth["issuer"] = firm
        person = chance.choice(_PEOPLE)
        self.truth["customer"] = (
            f"{person} {chance.choice(words['firms'])}" if chance.random() < 0.5 else person
        )
        if words["vat_of"]:
            self.truth["vat_id"] = _vat(chance, *words["vat_of"])
        if words["iban_of"] and chance.random() < 0.8:
            self.truth["iban"] = _iban(chance, *words["iban_of"])

    def _number(self) -> str:
        chance = self.chance
        year = self.day.year
        return chance.choice(
            (
                f"{chance.randint(1000, 99999999)}",
                f"{year}-{chance.randint(1, 999):04}",
                f"RE-{year}-{chance.randint(1, 99999):05}",
                f"INV{chance.randint(1000, 99999)}",
                f"{chance.randint(1, 999)}/{year}",
                f"F{year % 100}/{chance.randint(100, 9999)}",
                f"A-{chance.randint(100, 999)}-{chance.randint(10, 99)}",
            )
        )

    # How it is written.

    def money(self, value: float, sign: bool = True) -> str:
        whole, cents = f"{value:.2f}".split(".")
        groups = []
        while len(whole) > 3:
            groups.insert(0, whole[-3:])
            whole = whole[:-3]
        digits = self.group.join([whole, *groups]) + self.words["decimal"] + cents
        return self.sign.format(digits) if sign else digits

    def day_text(self, day: dt.date) -> str:
        month = self.words["months"].split()[day.month - 1]
        ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
        text = self.date_style.replace("{B}", month).replace("{b}", month[:3])
        text = text.replace("{d1}", "1er" if day.day == 1 else str(day.day))
        text = text.replace("{d}", str(day.day)).replace("{th}", ordinal.get(day.day, "th"))
        return day.strftime(text)

    def label(self, key: str) -> str:
        text = str(self.chance.choice(self.words[key])).replace("{r}", str(self.rate))
        return text.upper() if self.shouts else text

    def _head(self) -> None:
        chance, sheet = self.chance, self.sheet
        firm, words = self.truth["issuer"], self.words
        self.address = (chance.choice(words["streets"]), chance.choice(words["towns"]))
        style = chance.choice(("left", "right", "sender"))
        if style == "left":
            sheet.put(60, 50, firm, chance.choice((9, 14)))
            sheet.put(60, 66, self.address[0])
            sheet.put(60, 78, self.address[1])
        elif style == "right":
            for place, text in enumerate((firm, *self.address)):
                sheet.put(390, 50 + 12 * place, text)
            sheet.put(390, 86, words["phone"].format(chance.randint(100, 999)))
        else:
            sheet.put(60, 112, f"{firm} - {self.address[0]} - {self.address[1]}", 6.5)
        if self.layout != "letter":
            sheet.put(60 if style == "right" else 390, 40, chance.choice(words["title"]), 18)

    def _customer(self) -> float:
        chance, sheet = self.chance, self.sheet
        y = 128.0
        if chance.random() < 0.55:
            sheet.put(60, y, self.label("to") + chance.choice((":", "")))
            y += 13
        block = (
            self.truth["customer"],
            chance.choice(self.words["streets"]),
            chance.choice(self.words["towns"]),
        )
        for text in block:
            sheet.put(60, y, text)
            y += 12
        if self.words["vat_of"] and self.words["theirs"] and chance.random() < 0.3:
            sheet.put(60, y, f"{self.words['theirs']}: {_vat(chance, *self.words['vat_of'])}")
            y += 12
        return y + 10

    def _facts(self, y: float) -> float:
        chance = self.chance
        facts = [
            (self.label("number"), self.truth["invoice_number"]),
            (self.label("date"), self.day_text(self.day)),
            (self.label("due"), self.day_text(self.due)),
            (self.label("client"), str(chance.randint(10_000, 99_999))),
        ]
        if chance.random() < 0.6:
            facts.append((self.label("order"), f"B{chance.randint(1000, 9999)}"))
            earlier = self.day - dt.timedelta(chance.randint(1, 9))
            facts.append((self.label("ordered"), self.day_text(earlier)))
        chance.shuffle(facts)
        return {
            "list": self._list,
            "columns": self._columns,
            "stacked": self._stacked,
            "table": self._table,
            "letter": self._letter,
        }[self.layout](facts, y)

    def _list(self, facts: list[tuple[str, str]], y: float) -> float:
        x = self.chance.choice((60, 360))
        top = y if x == 60 else 130.0
        for place, (label, value) in enumerate(facts):
            self.sheet.put(x, top + 13 * place, f"{label}{self.colon} {value}")
        return max(y, top + 13 * len(facts))

    def _columns(self, facts: list[tuple[str, str]], y: float) -> float:
        ragged = self.chance.random() < 0.5
        for place, (label, value) in enumerate(facts):
            line = 130 + 13 * place
            self.sheet.put(345, line, label + self.colon)
            if ragged:
                self.sheet.right(540, line, value)
            else:
                self.sheet.put(455, line, value)
        return max(y, 130.0 + 13 * len(facts))

    def _stacked(self, facts: list[tuple[str, str]], y: float) -> float:
        for place, (label, value) in enumerate(facts):
            x = 60 + 170 * (place % 3)
            line = y + 32 * (place // 3)
            self.sheet.put(x, line, label, 7)
            self.sheet.put(x, line + 12, value, 10)
        return y + 32 * ((len(facts) + 2) // 3)

    def _table(self, facts: list[tuple[str, str]], y: float) -> float:
        step = 480 / len(facts)
        for place, (label, value) in enumerate(facts):
            shown = label if _width(label, 7) < step - 8 else label[: int(len(label) * 0.8)]
            self.sheet.put(60 + step * place, y, shown if shown == label else label, 6)
            self.sheet.put(60 + step * place, y + 14, value, 7)
        return y + 20

    def _letter(self, facts: list[tuple[str, str]], y: float) -> float:
        text = self.words["letter"].format(
            n=self.truth["invoice_number"], d=self.day_text(self.day)
        )
        self.sheet.put(60, y, text, 13)
        known = (self.truth["invoice_number"], self.day_text(self.day))
        rest = [fact for fact in facts if fact[1] not in known]
        for place, (label, value) in enumerate(rest):
            self.sheet.put(60, y + 18 + 12 * place, f"{label}: {value}")
        return y + 18 + 12 * len(rest)

    def _items(self, y: float) -> float:
        if self.chance.random() < 0.3:
            earlier = self.day - dt.timedelta(self.chance.randint(20, 60))
            prose = self.words["prose"].format(d=self.day_text(earlier), m=self.money(999.0))
            self.sheet.put(60, y, prose, 8)
            y += 20
        name, count, price, amount = self.words["items"]
        numbered = self.chance.random() < 0.4
        bare = self.chance.random() < 0.6
        for text, x in ((count, 380), (price, 460), (amount, 540)):
            self.sheet.right(x, y, text, 8)
        self.sheet.put(90 if numbered else 60, y, name, 8)
        for place, (goods, number, each) in enumerate(self.lines, 1):
            y += 15
            if numbered:
                self.sheet.put(62, y, str(place))
            self.sheet.put(90 if numbered else 60, y, goods)
            self.sheet.right(380, y, str(number))
            self.sheet.right(460, y, self.money(each, not bare))
            self.sheet.right(540, y, self.money(number * each, not bare))
            if self.chance.random() < 0.2:
                y += 11
                self.sheet.put(90 if numbered else 60, y, "as agreed, colour: grey", 7)
        self.truth["items"] = len(self.lines)
        return y

    def _totals(self, y: float) -> float:
        truth = self.truth
        rows = [
            (self.label("net"), truth["net"]),
            (self.label("tax"), truth["tax"]),
            (self.label("total"), truth["total"]),
        ]
        if self.sent:
            rows.insert(1, (self.words["ship"], self.sent))
        elif self.words["paid"] and self.sums != "strip" and self.chance.random() < 0.15:
            rows += [(self.words["paid"][0], truth["total"]), (self.words["paid"][1], 0.0)]
        if self.sums == "strip":
            for place, (label, value) in enumerate(rows):
                x = 540 - 120 * (len(rows) - 1 - place)
                self.sheet.right(x, y + 14, label, 8)
                self.sheet.right(x, y + 28, self.money(value))
            return y + 34
        x = 540 if self.sums == "right" else 250
        for place, (label, value) in enumerate(rows, 1):
            self.sheet.put(x - 190, y + 15 * place, label + self.chance.choice((":", "")))
            self.sheet.right(x, y + 15 * place, self.money(value))
        return y + 15 * len(rows) + 15

    def _foot(self, y: float) -> None:
        chance, sheet, truth = self.chance, self.sheet, self.truth
        parts = [truth["issuer"], *self.address]
        if "vat_id" in truth:
            parts.append(f"{self.label('vat')}{chance.choice((':', ''))} {truth['vat_id']}")
        if "iban" in truth:
            shown = truth["iban"]
            if chance.random() < 0.6:
                shown = " ".join(shown[at : at + 4] for at in range(0, len(shown), 4))
            parts.append(f"IBAN: {shown}")
        stem = "".join(char for char in truth["issuer"].split()[0].lower() if char.isalnum())
        parts.append(f"info@{stem}.test")
        style = chance.choice(("columns", "line", "stack"))
        if style == "line":
            sheet.put(60, 790, " | ".join(parts[:4]), 6.5)
            sheet.put(60, 800, " | ".join(parts[4:]), 6.5)
        else:
            step = 3 if style == "columns" else 8
            for place, text in enumerate(parts):
                sheet.put(60 + 190 * (place // step), 770 + 10 * (place % step), text, 7)
        sheet.put(480, 830, self.words["page"], 7)


def _vat(chance: random.Random, module: str, country: str, length: int) -> str:
    check = import_module(f"stdnum.{module}")
    while True:
        digits = "".join(chance.choice("0123456789") for _ in range(length))
        if module == "es.cif":
            digits = "B" + digits[1:]
        elif module == "nl.btw":
            digits = digits[:9] + "B01"
        if module == "fr.tva":
            siren = _luhn(digits[:8])
            digits = f"{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"
        if check.is_valid(country + digits):
            return country + digits


def _luhn(digits: str) -> str:
    check = import_module("stdnum.luhn")
    return digits + str(check.calc_check_digit(digits))


def _iban(chance: random.Random, country: str, bank: str, length: int) -> str:
    rest = bank + "".join(chance.choice("0123456789") for _ in range(length))
    moved = "".join(str(int(char, 36)) for char in rest + country + "00")
    return f"{country}{98 - int(moved) % 97:02}{rest}"
