"""Make the binary files of ``samples/``: the same bytes each time, from the texts below.

Run ``python tests/make_samples.py`` after a change; the files are committed. Everything in them is
invented: people, companies, addresses; the account and card numbers are the usual test numbers.
"""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "src" / "ai_catalyst" / "samples"
MADE = datetime(2026, 4, 9, 12, 0, tzinfo=UTC)
REPORTED = datetime(2026, 3, 16, 9, tzinfo=UTC)
WRITTEN = datetime(2026, 3, 2, 9, tzinfo=UTC)

INVOICE_ITEMS = (
    ("Oak board, planed, 240 x 20 x 4 cm", 12, 68.50),
    ("Ash board, planed, 200 x 18 x 3 cm", 8, 41.00),
    ("Linseed oil, 5 litres", 3, 37.20),
    ("Delivery to the mill yard", 1, 45.00),
)
INVOICE_HEAD = (
    ("Invoice number", "2026-0388"),
    ("Date of invoice", "22 April 2026"),
    ("Delivery", "12 May 2026"),
    ("Customer number", "TM-0042"),
)

ADDRESS = "9 Sawmill Quay, Galway · 555-0122 · billing@northquay-timber.example.net"
PAY = """
Please pay within 30 days to IBAN GB82 WEST 1234 5698 7654 32, naming the invoice number. Because
the oak arrives two weeks late, ten percent of the price of the oak boards will be credited with the
next invoice.
"""

REPORT = """
# High water in the Wennet valley, winter 2025/26

> Report of the flood office to the county council, 16 March 2026

The Wennet rose above its banks three times between November and February. The highest level,
4.31 metres at the mill bridge on 9 January 2026, was the third highest since regular
measurements began. No person was hurt. Damage to buildings and roads is estimated at 1.27
million euros, about half of that of the flood of 2013, although the water stood eleven
centimetres higher.

Three measures explain the difference. The meadows above Thornby, bought back by the county in
2019, held about 420,000 cubic metres of water for nineteen hours. The new warning chain reached
2,940 of 3,100 households at least six hours before the peak. And the lower town now keeps its
oil tanks and electrical cabinets above the line of the last flood, so that cleaning took days
instead of months.

The weak point was the culvert at Station Road. It is designed for eleven cubic metres a second
and received seventeen. Branches blocked the grating within two hours, and the water took the
way through the school yard. The fire brigade pumped for thirty-one hours. A wider culvert has
been on the list since 2016 and would cost 860,000 euros.

---

# What the flood office recommends

> Costs, order of work and open questions

The flood office recommends to widen the culvert at Station Road before the winter of 2027, to
raise the planned wall in the lower town by sixty centimetres, and to buy two further meadows
near Thornby. Together this costs 2.9 million euros. The state pays up to sixty percent if the
application is handed in by 30 September 2026.

Two questions are open. The gauge at the mill bridge was silent for four hours on the night of
the peak because its battery was eleven years old; whether a second gauge is worth 24,000 euros
is for the council to decide. And 160 households could not be reached by the warning chain, most
of them because the telephone numbers were out of date. Hanna Rademacher of the residents'
association has offered to collect them.

The office thanks the volunteers who read the water level by hand during the four hours without
an instrument. Their readings were within two centimetres of the neighbouring gauges, and they
are the reason why the peak is known at all.
"""
REPORT_TABLE = (
    ("Peak on", "Level", "Households warned", "Damage"),
    ("21 Nov 2025", "3.62 m", "1,180", "90,000 euros"),
    ("9 Jan 2026", "4.31 m", "2,940", "1,020,000 euros"),
    ("14 Feb 2026", "3.88 m", "2,410", "160,000 euros"),
)

LETTER = """
Elmhurst Housing Cooperative, 12 Quarry Road, Harrow Bridge

To all households of the house at 5 Weaver's Row

Harrow Bridge, 2 March 2026

# New heating: what happens in your flat between May and July

Dear members,

The gas boiler in your cellar is twenty-eight years old and will not survive another winter. The
members' assembly of 12 February decided with 71 to 9 votes to replace it with two heat pumps in
the yard. We write to tell you what this means for you.

Work in the flats takes one day each. In every flat two radiators are replaced by larger ones,
usually in the living room and in the largest bedroom. Please clear one metre around them. The
fitters of Rowan & Pike Ltd come between 5 May and 17 July; your exact day is announced at least
three weeks before. Nobody has to be at home if a neighbour holds the key.

Hot water will be off for four days in June. During this time the showers of the sports club
next door are open to you from six to nine in the morning and in the evening, free of charge.

The rent rises by 0.38 euros per square metre from October. According to the calculation of our
engineer, Dr. Samir Venn, heating costs fall by 0.61 euros per square metre at today's prices.
We will publish the real figures of the first winter in May 2027, also if they disappoint.

Questions are best put on Tuesday, 17 March at 19:00 in the common room, or to Agnes Thorvald,
555-0155, a.thorvald@elmhurst-coop.example.org.

With friendly greetings,

Agnes Thorvald, for the board
"""

MINUTES = """
# Minutes of the trustees' meeting of the Fenwick Reading Room

## Present and agenda

Present on 8 April 2026: Oluwaseun Hartley (chair), Bridget Salonen, Marcus Ferreira, Thea
Lindgren (minutes). Apologies from Douglas Abara.

## Opening of the newspaper collection

The digitised newspaper opens to the public on 2 May 2026. Marcus Ferreira reports that all
19,212 pages are on the server and that the search answers in less than half a second. The
police column stays out of the search engine, as decided in January.

The trustees agree that requests to remove a page are answered within fourteen days by two
trustees together. The decision and its reason are written down.

## Roof and money

The roof over the children's corner leaks again. Bridget Salonen has two offers, 3,150 euros and
3,900 euros; the cheaper one cannot begin before September. The trustees choose the dearer
offer, because a summer of buckets would cost more in wet books. Four votes in favour, none
against.

The account holds 11,480 euros. Membership grew from 312 to 347 in the first quarter, mostly
because of the newspaper.

## To do

- Thea Lindgren invites the local press and the school by 20 April.

- Marcus Ferreira tests restoring the backup and reports at the next meeting.

- Bridget Salonen signs the roofing contract and tells the insurer.
"""
MINUTES_TABLE = (
    ("Item", "Budget 2026", "Spent by March"),
    ("Books and newspapers", "4,200", "1,015"),
    ("Electricity", "1,300", "402"),
    ("Roof", "0", "0"),
)


def invoice() -> bytes:
    """Draw an invoice of one page with a table of items."""
    from reportlab.lib import colors
    from reportlab.lib.units import cm
    from reportlab.platypus import Paragraph, Spacer, Table, TableStyle

    body, heading = _styles()
    rows = [["Item", "Quantity", "Price EUR", "Sum EUR"]]
    net = 0.0
    for name, quantity, price in INVOICE_ITEMS:
        net += quantity * price
        rows.append([name, str(quantity), f"{price:.2f}", f"{quantity * price:,.2f}"])
    tax = round(net * 0.19, 2)
    rows += [
        ["Net", "", "", f"{net:,.2f}"],
        ["VAT 19 %", "", "", f"{tax:,.2f}"],
        ["Total", "", "", f"{net + tax:,.2f}"],
    ]
    table = Table(rows, colWidths=[9 * cm, 2.2 * cm, 2.6 * cm, 2.8 * cm])
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                ("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("FONTNAME", (0, -1), (-1, -1), "Helvetica-Bold"),
            ]
        )
    )
    head = Table([[name, value] for name, value in INVOICE_HEAD], colWidths=[4 * cm, 6 * cm])
    head.hAlign = "LEFT"
    return _pdf(
        "Invoice 2026-0388",
        "Northquay Timber Ltd",
        datetime(2026, 4, 22, 9, tzinfo=UTC),
        [
            Paragraph("Northquay Timber Ltd", heading),
            Paragraph(ADDRESS, body),
            Spacer(1, 16),
            Paragraph("Tidemill Workshop<br/>Beatrice Okonjo<br/>1 Mill Yard, Wennet", body),
            Spacer(1, 16),
            Paragraph("Invoice 2026-0388", heading),
            head,
            Spacer(1, 12),
            table,
            Spacer(1, 16),
            Paragraph(PAY, body),
        ],
    )


def report() -> bytes:
    """Draw a report of two pages, the second with a table."""
    from reportlab.lib import colors
    from reportlab.platypus import Spacer, Table, TableStyle

    table = Table([list(row) for row in REPORT_TABLE], hAlign="LEFT")
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black)]))
    flow = [*_flow(REPORT), Spacer(1, 8), table]
    return _pdf("High water in the Wennet valley", "Flood office of the county", REPORTED, flow)


def letter() -> bytes:
    """Draw a letter of one page."""
    return _pdf("New heating", "Elmhurst Housing Cooperative", WRITTEN, _flow(LETTER))


def _paragraphs(text: str) -> list[tuple[str, str]]:
    """Return (mark, paragraph) pairs: ``#`` and ``##`` head, ``>`` stands under it, ``-`` lists."""
    found = []
    for block in text.strip().split("\n\n"):
        line = " ".join(block.split())
        mark, _, rest = line.partition(" ")
        found.append((mark, rest) if mark in {"#", "##", ">", "-", "---"} else ("", line))
    return found


def _flow(text: str) -> list[object]:
    from reportlab.platypus import PageBreak, Paragraph, Spacer

    body, heading = _styles()
    flow: list[object] = []
    for mark, line in _paragraphs(text):
        safe = line.replace("&", "&amp;")
        if mark == "---":
            flow.append(PageBreak())
        elif mark == ">":
            flow += [Paragraph(f"<i>{safe}</i>", body), Spacer(1, 8)]
        else:
            flow += [Paragraph(safe, heading if mark else body), Spacer(1, 7)]
    return flow


def _styles() -> tuple[object, object]:
    from reportlab.lib.styles import getSampleStyleSheet

    styles = getSampleStyleSheet()
    body = styles["BodyText"]
    body.fontName, body.fontSize, body.leading = "Helvetica", 10.5, 15
    return body, styles["Heading2"]


def _pdf(title: str, author: str, day: datetime, flow: list[object]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    out = io.BytesIO()
    os.environ["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    # invariant: no clock and no random identifier in the file
    SimpleDocTemplate(
        out, pagesize=A4, title=title, author=author, invariant=1, pageCompression=1
    ).build(flow)
    return out.getvalue()


def minutes() -> bytes:
    """Write the minutes as DOCX: headings, paragraphs, a list and a table."""
    import docx

    document = docx.Document()
    paragraphs = _paragraphs(MINUTES)
    document.core_properties.title = paragraphs[0][1]
    document.core_properties.author = "Thea Lindgren"
    document.core_properties.created = document.core_properties.modified = MADE
    for mark, line in paragraphs:
        if mark.startswith("#"):
            document.add_heading(line, level=len(mark))
        else:
            document.add_paragraph(line, style="List Bullet" if mark else None)
    table = document.add_table(rows=0, cols=3)
    for row in MINUTES_TABLE:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return _without_clock(out.getvalue())


def _without_clock(archive: bytes) -> bytes:
    """Rewrite a zip file with one fixed time for all of its members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            member = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            new.writestr(member, old.read(name))
    return out.getvalue()


MADE_FILES = {
    "invoice.pdf": invoice,
    "flood-report.pdf": report,
    "heating-letter.pdf": letter,
    "trustees-minutes.docx": minutes,
}


def main() -> None:
    """Write every file that is not written by hand."""
    for name, make in MADE_FILES.items():
        data = make()
        (SAMPLES / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
