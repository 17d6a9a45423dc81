"""Claims about invoices of many makes, each written down as its text stands on the page."""

from __future__ import annotations

from typing import Any

import pytest

from ai_catalyst.pdf.classic import USUAL_FIELDS, ClassicExtractor

TEXTS: dict[str, str] = {}
FOUND: dict[str, dict[str, Any]] = {}

TEXTS["accounting software"] = """\
YourCompany
250 Executive Park Blvd, Suite 3400
San Francisco CA 94134
United States

                                                   Doe Home
                                                   4557 De Silva St
                                                   Fremont CA 94538
                                                   United States

Invoice INV/2023/03/0008

Invoice Date:          Due Date:           Source:
03/20/2023             04/20/2023          S00012

DESCRIPTION            QUANTITY      UNIT PRICE      TAXES       AMOUNT
[FURN_8888] Office Lamp    5.00          40.00      Tax 15%    $ 200.00
Flat rate                  1.00          79.84      Tax 15%     $ 79.84

                                          Untaxed Amount       $ 279.84
                                          Tax 15%               $ 41.98
                                          Total                $ 321.82

Please use the following communication for your payment : INV/2023/03/0008
Payment terms: 30 Days
+1 (650) 555-0111   info@yourcompany.com   http://www.example.com
"""
FOUND["accounting software"] = {
    "invoice_number": "INV/2023/03/0008",
    "date": "2023-03-20",
    "due_date": "2023-04-20",
    "total": 321.82,
    "net": 279.84,
    "tax": 41.98,
    "currency": "USD",
    "issuer": "YourCompany",
    "customer": "Doe Home",
}

TEXTS["card payments"] = """\
Invoice                                                     Acme Cloud

Invoice number    0A1B2C3D-0004
Date of issue     March 3, 2024
Date due          March 17, 2024

Acme Cloud, Inc.                      Bill to
548 Market Street                     Jane Doe
San Francisco, California 94104       jane@example.org
United States
support@acmecloud.test
EU VAT EU826012345

$24.00 USD due March 17, 2024

Description                 Qty      Unit price     Tax     Amount
Acme Pro
Mar 3 – Apr 3, 2024           1          $20.00     20%     $20.00

                                     Subtotal                $20.00
                                     Total excluding tax     $20.00
                                     VAT - France (20%)       $4.00
                                     Total                   $24.00
                                     Amount due          $24.00 USD

Page 1 of 1
"""
FOUND["card payments"] = {
    "invoice_number": "0A1B2C3D-0004",
    "date": "2024-03-03",
    "due_date": "2024-03-17",
    "total": 24.0,
    "net": 20.0,
    "tax": 4.0,
    "currency": "USD",
    "issuer": "Acme Cloud, Inc.",
    "customer": "Jane Doe",
    "vat_id": "EU826012345",
}

TEXTS["french fibre"] = """\
LIBRE SAS - 8 rue de la Ville - 75008 Paris
                                       M. JEAN DUPONT
                                       12 rue des Fleurs
                                       69000 LYON

Facture n° 500044387 du 02 Juillet 2015
Période du 01/07/2015 au 31/07/2015
Identifiant : fbx1234567        Ligne : 0411223344

Votre forfait                    HT        TVA      TTC
Forfait                        24.99     20.00%   29.99
Total de la facture            24.99       5.00   29.99

                    Total facture TTC           29.99 €
                    Prélèvement le 08/07/2015

LIBRE - SAS au capital de 3.441.812 Euros - RCS PARIS 303 265 045 - TVA FR40 303 265 045
"""
FOUND["french fibre"] = {
    "invoice_number": "500044387",
    "date": "2015-07-02",
    "total": 29.99,
    "net": 24.99,
    "tax": 5.0,
    "currency": "EUR",
    "issuer": "LIBRE SAS",
    "customer": "M. JEAN DUPONT",
    "vat_id": "FR40303265045",
}

TEXTS["german mail order"] = """\
Tessel EU S.à.r.l. - 5 Rue Plaetis - L-2338 Luxembourg
                                                        Rechnung
Max Muster                                              Rechnungsnummer: EUX1-OF5-DE-000725895
Hauptstraße 1                                           Rechnungsdatum: 4. Juni 2014
10115 Berlin                                            Bestellnummer: 303-7777777-1234567

Zu zahlender Betrag   EUR 35,24

Beschreibung        Menge   Stückpreis (ohne USt.)   USt. %    Stückpreis    Zwischensumme
Buch                 1        EUR 29,61               19%      EUR 35,24      EUR 35,24

                            Warenwert (ohne USt.)        EUR 29,61
                            Umsatzsteuer 19%             EUR 5,63
                            Gesamtpreis                  EUR 35,24
Tessel EU S.à.r.l., Sitz Luxembourg, Handelsregister B-101818, USt-ID: LU15027442
"""
FOUND["german mail order"] = {
    "invoice_number": "EUX1-OF5-DE-000725895",
    "date": "2014-06-04",
    "total": 35.24,
    "net": 29.61,
    "tax": 5.63,
    "currency": "EUR",
    "issuer": "Tessel EU S.à.r.l.",
    "customer": "Max Muster",
    "vat_id": "LU15027442",
    "order_number": "303-7777777-1234567",
}

TEXTS["irish cloud"] = """\
Lumora Ireland Limited                                   Invoice
Gordon House                                             Invoice number: 3577211234
Barrow Street
Dublin 4
Ireland
VAT number: IE 6433435F

Bill to                                                  Details
Jane Doe                                                 Invoice number ............ 3577211234
Example GmbH                                             Invoice date .............. 31 Jan 2024
Ringweg 3                                                Billing ID ................ 1234-5678-9012
80331 München                                            Domain name ............... example.org
Germany

Workspace                                                Total in EUR
                                                         €115.20
Summary for 1 Jan 2024 - 31 Jan 2024
                                       Subtotal in EUR       €115.20
                                       VAT (0%)                €0.00
                                       Total in EUR          €115.20
You will be automatically charged for any amount due.
"""
FOUND["irish cloud"] = {
    "invoice_number": "3577211234",
    "date": "2024-01-31",
    "total": 115.2,
    "net": 115.2,
    "tax": 0.0,
    "currency": "EUR",
    "issuer": "Lumora Ireland Limited",
    "customer": "Jane Doe",
    "vat_id": "IE6433435F",
}

TEXTS["french hosting"] = """\
ONDINE SARL                                     Facture N° : FR12345678
2 rue Kellermann                                Date : 03 mars 2017
59100 Roubaix                                   Echéance : 03 mars 2017
France                                          Référence client : jd1234-ond

                                                Doe Jean
                                                14 rue des Lilas
                                                31000 Toulouse

Abonnement                    Reference     Quantité   Prix unitaire    Prix HT
Nom de domaine                 domain           1         9,99 €        9,99 €

                                             Prix HT        9,99 €
                                             TVA 20%        2,00 €
                                             Prix TTC      11,99 €
TVA : FR40303265045     IBAN : FR14 2004 1010 0505 0001 3M02 606
"""
FOUND["french hosting"] = {
    "invoice_number": "FR12345678",
    "date": "2017-03-03",
    "due_date": "2017-03-03",
    "total": 11.99,
    "net": 9.99,
    "tax": 2.0,
    "currency": "EUR",
    "issuer": "ONDINE SARL",
    "customer": "Doe Jean",
    "vat_id": "FR40303265045",
    "iban": "FR1420041010050500013M02606",
    "customer_number": "jd1234-ond",
}

TEXTS["spanish telecom"] = """\
                          Telecom Norte S.A.
                          C/ Gran Vía 28, 28013 Madrid
                          CIF J99216582

FACTURA                                          Titular: Jane Doe
Nº Factura: TA5ZQ0123456                         Dirección: Calle Luna 4
Fecha de emisión: 1 de febrero de 2024           28004 Madrid
Periodo de facturación: 01/01/2024 - 31/01/2024

RESUMEN DE FACTURA
Cuotas                            41,3223
Total (Base Imponible)            41,3223
IVA (21%)                          8,6777
TOTAL A PAGAR EUR                 50,0000 €

Forma de pago: Domiciliación bancaria   IBAN: ES91 2100 0418 4502 0005 ****
"""
FOUND["spanish telecom"] = {
    "invoice_number": "TA5ZQ0123456",
    "date": "2024-02-01",
    "total": 50.0,
    "net": 41.3223,
    "tax": 8.6777,
    "currency": "EUR",
    "issuer": "Telecom Norte S.A.",
    "customer": "Jane Doe",
    "vat_id": "J99216582",
    "iban": "ES912100041845020005",
}

TEXTS["australian plumber"] = """\
TAX INVOICE
Kookaburra Plumbing Pty Ltd
ABN 51 824 753 556
PO Box 12 Fremantle WA 6160

To: Example Strata                 Invoice No   00001234
                                   Date         5/6/2023
                                   Due          19/6/2023

Description                      Amount
Fix tap                          $100.00
                     Sub-total   $100.00
                     GST          $10.00
                     TOTAL       $110.00
BSB 036-000  Account 123456
"""
FOUND["australian plumber"] = {
    "invoice_number": "00001234",
    "date": "2023-06-05",
    "due_date": "2023-06-19",
    "total": 110.0,
    "net": 100.0,
    "tax": 10.0,
    "currency": "AUD",
    "issuer": "Kookaburra Plumbing Pty Ltd",
    "vat_id": "51824753556",
}

TEXTS["indian books"] = """\
Bharat Books Private Limited
GSTIN: 27AAPFU0939F1ZV
Invoice Number: BB/22-23/0042       Dated: 12-Apr-2022
Buyer: Example School, Pune 411001

Sl No  Description of Goods     HSN     Qty    Rate      Amount
1      Atlas                    4905     10   1,250.00   12,500.00
                                       CGST 9%            1,125.00
                                       SGST 9%            1,125.00
                                       Total          ₹ 14,750.00
Amount in words: Fourteen Thousand Seven Hundred Fifty Only
"""
FOUND["indian books"] = {
    "invoice_number": "BB/22-23/0042",
    "date": "2022-04-12",
    "total": 14750.0,
    "currency": "INR",
    "issuer": "Bharat Books Private Limited",
    "customer": "Example School",
    "vat_id": "27AAPFU0939F1ZV",
}

TEXTS["german till"] = """\
CAFE BLAU
Inh. Max Muster
Marktplatz 1, 50667 Köln
St.-Nr. 215/5999/0037

Rechnung Nr. 4711            12.08.2023 14:32
2 x Kaffee            6,40
1 x Kuchen            3,60
SUMME EUR            10,00
Netto    8,40   MwSt 19%   1,60
BAR                  20,00
Rückgeld             10,00
"""
FOUND["german till"] = {
    "invoice_number": "4711",
    "date": "2023-08-12",
    "total": 10.0,
    "net": 8.4,
    "tax": 1.6,
    "currency": "EUR",
    "issuer": "CAFE BLAU",
}

TEXTS["swiss trustee"] = """\
                                                        Muster Treuhand AG
                                                        Bahnhofstrasse 1
Frau                                                    8001 Zürich
Anna Beispiel                                           CHE-107.787.577 MWST
Seestrasse 12
8800 Thalwil                                            Zürich, 12. Februar 2024

Rechnung Nr. 2024-118

Honorar gemäss Aufstellung                              CHF   1'250.00
Barauslagen                                             CHF      20.00
Zwischentotal                                           CHF   1'270.00
MWST 8.1%                                               CHF     102.87
Total inkl. MWST                                        CHF   1'372.87

Zahlbar innert 30 Tagen
IBAN CH93 0076 2011 6238 5295 7
"""
FOUND["swiss trustee"] = {
    "invoice_number": "2024-118",
    "date": "2024-02-12",
    "total": 1372.87,
    "net": 1270.0,
    "tax": 102.87,
    "currency": "CHF",
    "issuer": "Muster Treuhand AG",
    "customer": "Anna Beispiel",
    "vat_id": "CHE107787577",
    "iban": "CH9300762011623852957",
}

TEXTS["italian electronic"] = """\
Cedente/prestatore (fornitore)                    Cessionario/committente (cliente)
Identificativo fiscale ai fini IVA: IT00743110157  Identificativo fiscale ai fini IVA: IT00905811006
Denominazione: ROSSI FORNITURE S.R.L.              Denominazione: VERDI SPA
Indirizzo: VIA ROMA 1                              Indirizzo: VIA MILANO 2
Comune: TORINO                                     Comune: ROMA

Tipologia documento   Art. 73   Numero documento   Data documento   Codice destinatario
TD01 fattura                    123/A              05-03-2024       ABCDEFG

Descrizione          Quantità   Prezzo unitario   %IVA   Prezzo totale
Consulenza              10,00            80,00   22,00          800,00

RIEPILOGHI IVA E TOTALI
Totale imponibile     800,00
Totale imposta        176,00
Totale documento      976,00
Modalità pagamento    MP05 Bonifico     IBAN IT60X0542811101000000123456   Data scadenza 04-04-2024
"""
FOUND["italian electronic"] = {
    "invoice_number": "123/A",
    "date": "2024-03-05",
    "due_date": "2024-04-04",
    "total": 976.0,
    "net": 800.0,
    "tax": 176.0,
    "currency": "EUR",
    "issuer": "ROSSI FORNITURE S.R.L.",
    "customer": "VERDI SPA",
    "vat_id": "IT00743110157",
    "iban": "IT60X0542811101000000123456",
}

TEXTS["french hotel"] = """\
HOTEL DU PORT
3 quai des Brumes - 76600 LE HAVRE
Tél : 02 35 00 00 00 - SIRET : 732 829 320 00074 - TVA : FR44732829320

FACTURE N° 20394                                   Le Havre, le 14/06/2023
Client : Mme Durand
Chambre 12   Arrivée : 12/06/2023   Départ : 14/06/2023

Date        Libellé             Qté    PU TTC     Total TTC
12/06/23    Chambre double        2     95,00       190,00
13/06/23    Petit déjeuner        4     11,00        44,00
12/06/23    Taxe de séjour        4      1,10         4,40

Total HT    216,73   TVA 10%   21,67
Total TTC   238,40 EUR
Réglé par carte bancaire le 14/06/2023
"""
FOUND["french hotel"] = {
    "invoice_number": "20394",
    "date": "2023-06-14",
    "total": 238.4,
    "net": 216.73,
    "tax": 21.67,
    "currency": "EUR",
    "issuer": "HOTEL DU PORT",
    "customer": "Mme Durand",
    "vat_id": "FR44732829320",
}

TEXTS["american power"] = """\
CITY POWER & LIGHT                      Account Number     Statement Date    Due Date
PO Box 1234, Springfield, IL 62701      000-123-456        06/12/2023        07/03/2023
www.citypower.example                   Service Address: 12 Elm St

Account Summary
Previous Balance                                $82.10
Payment Received - Thank You  05/28/2023       -$82.10
Balance Forward                                  $0.00
Current Charges                                 $91.37
Total Amount Due                                $91.37

Electric usage 512 kWh @ 0.1512                 $77.41
State tax                                       $13.96
"""
FOUND["american power"] = {
    "date": "2023-06-12",
    "due_date": "2023-07-03",
    "total": 91.37,
    "currency": "USD",
    "issuer": "CITY POWER & LIGHT",
    "customer_number": "000-123-456",
}

TEXTS["polish service"] = """\
FAKTURA VAT NR FV/12/05/2023
Miejsce wystawienia: Gdańsk          Data wystawienia: 2023-05-12
                                     Data sprzedaży: 2023-05-10
Sprzedawca:                          Nabywca:
Kowalski Serwis sp. z o.o.           Przykład S.A.
ul. Morska 1                         ul. Leśna 5
80-001 Gdańsk                        00-950 Warszawa
NIP: 526-104-08-28                   NIP: 5252344078

Lp  Nazwa            J.m.  Ilość  Cena netto  Wartość netto  VAT   Wartość brutto
1   Przegląd          szt     1      500,00        500,00    23%         615,00
2   Części            kpl     2      100,00        200,00    23%         246,00
                          Razem:                   700,00    161,00      861,00

Do zapłaty: 861,00 PLN
Słownie: osiemset sześćdziesiąt jeden złotych
Termin płatności: 2023-05-26   Sposób zapłaty: przelew
Nr konta: 61 1090 1014 0000 0712 1981 2874
"""
FOUND["polish service"] = {
    "invoice_number": "FV/12/05/2023",
    "date": "2023-05-12",
    "due_date": "2023-05-26",
    "total": 861.0,
    "net": 700.0,
    "tax": 161.0,
    "currency": "PLN",
    "issuer": "Kowalski Serwis sp. z o.o.",
    "customer": "Przykład S.A.",
    "vat_id": "5261040828",
}

TEXTS["spanish freelancer"] = """\
Jane Doe Diseño                                   FACTURA
NIF: 12345678Z                                    Nº: 2023/017
Calle Sol 3, 2ºB                                  Fecha: 28-02-2023
28012 Madrid

Cliente: Muebles Ejemplo S.L.
CIF: B12345674
Polígono Norte, nave 4
28830 San Fernando de Henares

Concepto                                  Importe
Diseño de catálogo                        1.500,00 €
Base imponible                            1.500,00 €
IVA 21%                                     315,00 €
Retención IRPF 15%                         -225,00 €
TOTAL                                     1.590,00 €
Forma de pago: transferencia a ES91 2100 0418 4502 0005 1332
"""
FOUND["spanish freelancer"] = {
    "invoice_number": "2023/017",
    "date": "2023-02-28",
    "total": 1590.0,
    "net": 1500.0,
    "tax": 315.0,
    "currency": "EUR",
    "issuer": "Jane Doe Diseño",
    "customer": "Muebles Ejemplo S.L.",
    "vat_id": "12345678Z",
    "iban": "ES9121000418450200051332",
}

TEXTS["dutch freelancer"] = """\
Jan Jansen Tekst                        Factuurnummer: 2024007
Dorpsstraat 5                           Factuurdatum: 1-3-2024
1234 AB Ons Dorp                        Vervaldatum: 15-3-2024

Aan:
Voorbeeld Media BV
t.a.v. crediteuren
Postbus 12
1000 AA Amsterdam

Omschrijving                 Uren    Tarief     Bedrag
Redactie februari             10    € 75,00   € 750,00
                             Subtotaal         € 750,00
                             21% btw           € 157,50
                             Totaal            € 907,50

Graag overmaken op NL91 ABNA 0417 1643 00 t.n.v. J. Jansen
KvK 12345678 | btw-id NL123456789B01
"""
FOUND["dutch freelancer"] = {
    "invoice_number": "2024007",
    "date": "2024-03-01",
    "due_date": "2024-03-15",
    "total": 907.5,
    "net": 750.0,
    "tax": 157.5,
    "currency": "EUR",
    "issuer": "Jan Jansen Tekst",
    "customer": "Voorbeeld Media BV",
    "vat_id": "NL123456789B01",
    "iban": "NL91ABNA0417164300",
}

TEXTS["portuguese upkeep"] = """\
Empresa Exemplo Lda                      Fatura FT 2024/153
Rua das Flores 10                        Original
4000-001 Porto                           Data: 2024-01-31
Contribuinte Nº 500100144                Vencimento: 2024-03-01

Exmo(s). Senhor(es)
João Ninguém
Avenida Central 5
1000-100 Lisboa
V/ Nº Contrib: 123456789

Artigo   Descrição        Qtd.    Un.   Pr. Unitário   Desc.  IVA    Valor
S01      Manutenção        1,00   UN         100,00     0,00  23,00  100,00

Quadro resumo de impostos
Taxa/Valor     Incid./Qtd.    Total
IVA (23,00)        100,00     23,00

                       Mercadoria/Serviços    100,00
                       IVA                     23,00
                       Total (EUR)            123,00
"""
FOUND["portuguese upkeep"] = {
    "invoice_number": "FT 2024/153",
    "date": "2024-01-31",
    "due_date": "2024-03-01",
    "total": 123.0,
    "net": 100.0,
    "tax": 23.0,
    "currency": "EUR",
    "customer": "João Ninguém",
    "vat_id": "500100144",
}

TEXTS["airline receipt"] = """\
Sample Airways plc
Tax invoice / receipt                       Booking reference: XK7P2Q
Invoice no. 9081726354                      Issued 07 Mar 2024
Passenger: DOE/JANE MS

LHR-HAM 12Apr24   Fare GBP 101.00  Taxes, fees GBP 42.17
Total paid: GBP 143.17    Payment method: VISA ****1234
VAT registration GB 239 1234 56
"""
FOUND["airline receipt"] = {
    "invoice_number": "9081726354",
    "date": "2024-03-07",
    "total": 143.17,
    "currency": "GBP",
    "issuer": "Sample Airways plc",
    "vat_id": "GB239123456",
}

TEXTS["german painter"] = """\
Malermeister Beispiel                Tel. 0221 / 55 50 123
Inh. Erika Beispiel                  USt-IdNr.: DE136695976
Am Ring 3 · 50667 Köln               Steuernummer: 215/5999/0037

Herrn
Max Muster
Gartenweg 7
50859 Köln
                                                      Köln, 05.04.2024
Rechnung-Nr.: 24-031
Leistungszeitraum: 18.03. - 22.03.2024

Pos  Leistung                           Menge  EP      GP
1    Wände streichen                    85 m²  9,50    807,50
2    Anfahrt                            1 psch 35,00   35,00

Summe netto                                            842,50 €
19 % MwSt                                              160,08 €
Rechnungsbetrag                                      1.002,58 €
Im Rechnungsbetrag sind Lohnkosten von 600,00 € enthalten.
Bankverbindung: Sparkasse KölnBonn, IBAN DE89 3704 0044 0532 0130 00
"""
FOUND["german painter"] = {
    "invoice_number": "24-031",
    "date": "2024-04-05",
    "total": 1002.58,
    "net": 842.5,
    "tax": 160.08,
    "currency": "EUR",
    "issuer": "Malermeister Beispiel",
    "customer": "Max Muster",
    "vat_id": "DE136695976",
    "iban": "DE89370400440532013000",
}


@pytest.mark.parametrize("make", TEXTS)
def test_the_usual_fields_come_out_of_every_make(make: str) -> None:
    data = ClassicExtractor().extract(TEXTS[make], USUAL_FIELDS)
    assert {name: data.get(name) for name in FOUND[make]} == FOUND[make]
