from fastapi import FastAPI, Response
from jinja2 import Environment, FileSystemLoader
from weasyprint import CSS, HTML

app = FastAPI()
templates = Environment(loader=FileSystemLoader("templates"))


class InvoiceRenderer:
    template = templates.get_template("invoice.html")

    def render(self, invoice) -> bytes:
        html = self.template.render(invoice=invoice)
        return HTML(string=html).write_pdf(stylesheets=[CSS("invoice.css")])


@app.get("/invoices/{number}.pdf")
async def invoice_pdf(number: str):
    pdf = InvoiceRenderer().render({"number": number})  # expect: weasyprint.HTML.write_pdf
    return Response(pdf, media_type="application/pdf")
