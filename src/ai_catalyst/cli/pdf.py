"""``catalyst pdf``: fields out of PDFs into a table, or their text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.exits import ALL_DONE, INTERRUPTED, SOME_FAILED
from ai_catalyst.cli.terminal import count, print_json, safe_line, table

if TYPE_CHECKING:
    from ai_catalyst.cli.pdf_job import Figures

__all__ = ["app"]

app = typer.Typer(help="Fields and text out of PDFs.", no_args_is_help=True)

FilesArgument = Annotated[
    list[str], typer.Argument(help="Files, folders (their PDFs) and patterns; - for stdin.")
]
PasswordsOption = Annotated[
    Path | None, typer.Option("--passwords", help="A file of passwords to try, one a line.")
]
OcrOption = Annotated[
    Literal["auto", "never", "always"],
    typer.Option("--ocr", help="Read scans with tesseract: where there is no text, or always."),
]
LanguageOption = Annotated[
    list[str] | None, typer.Option("--ocr-language", help="A language of tesseract's, as deu.")
]
PageTimeoutOption = Annotated[
    float, typer.Option("--page-timeout", min=0.1, help="Seconds that a page may take.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds that a file may take to read.")
]


@app.command()
def extract(
    files: FilesArgument,
    fields: Annotated[
        str | None,
        typer.Option("--fields", "-f", help="A field list (YAML, JSON), or names and commas."),
    ] = None,
    method: Annotated[
        Literal["classic", "ai", "hybrid"],
        typer.Option("--method", "-m", help="Rules, a model, or rules and then a model."),
    ] = "classic",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="results.xlsx, .csv or .json.")
    ] = None,
    template: Annotated[
        list[Path] | None, typer.Option("--template", help="A supplier's template, or a folder.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model to ask.")] = None,
    concurrency: Annotated[
        str, typer.Option("--concurrency", help="Files at once: a number, or auto.")
    ] = "5",
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Page, quote and confidence beside each value.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Of the files, only those tried before.")
    ] = False,
    force_refresh: Annotated[
        bool, typer.Option("--force-refresh", help="Do again what is done already.")
    ] = False,
    passwords: PasswordsOption = None,
    ocr: OcrOption = "auto",
    ocr_language: LanguageOption = None,
    page_timeout: PageTimeoutOption = 20.0,
    timeout: TimeoutOption = 300.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Extract fields from PDFs into a table; what is done is not done again."""
    import asyncio

    from ai_catalyst.cli.pdf_job import PdfJob, concurrency_of, reader_of
    from ai_catalyst.cli.pdf_progress import PdfProgress
    from ai_catalyst.settings import load_settings

    settings, _ = load_settings({"model": model}, config=config)
    job = PdfJob(
        settings,
        files,
        reader_of(passwords, ocr, ocr_language, page_timeout, timeout),
        fields=fields,
        method=method,
        output=output,
        templates=template or (),
        concurrency=concurrency_of(concurrency),
        evidence=evidence,
        only_known=retry_failed,
        refresh=force_refresh,
    )
    progress = PdfProgress(shown=not as_json)
    try:
        figures = asyncio.run(job.go(progress))
    except KeyboardInterrupt:
        progress.say(f"stopped; {progress.files} done; the same command goes on from there")
        return INTERRUPTED
    _show(figures, as_json, output, named=fields is not None)
    return figures.exit_code


def _show(figures: Figures, as_json: bool, output: Path | None, *, named: bool) -> None:
    if as_json:
        print_json(figures.plain())
        return
    if output is None:
        table(figures.header, figures.rows())
    failed = f", {figures.failed:,} failed" if figures.failed else ""
    again = f", {figures.resumed:,} of them done before" if figures.resumed else ""
    typer.echo(
        f"{count(figures.succeeded, 'file')} with fields{again}{failed}; "
        f"{count(figures.pages, 'page')} in {figures.seconds:.1f} s",
        err=True,
    )
    if output is not None:
        typer.echo(f"written: {output}", err=True)
    if named and figures.never_found:
        typer.echo(
            f"in no file: {', '.join(map(safe_line, figures.never_found))}; a field list can say "
            "what stands before them (docs/how-to/pdf.md)",
            err=True,
        )
    if figures.failed:
        typer.echo("next: mend what the table's last column says, and run it again", err=True)


@app.command()
def text(
    files: FilesArgument,
    layout: Annotated[
        bool, typer.Option("--layout", help="Keep columns as they stand on the page.")
    ] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Tables as well (pdfplumber; slow).")
    ] = False,
    passwords: PasswordsOption = None,
    ocr: OcrOption = "auto",
    ocr_language: LanguageOption = None,
    page_timeout: PageTimeoutOption = 20.0,
    timeout: TimeoutOption = 300.0,
    as_json: JsonOption = False,
) -> int:
    """Print the text of PDFs, pages parted by form feeds."""
    import asyncio

    from ai_catalyst.cli.pdf_job import TextJob, reader_of

    reader = reader_of(passwords, ocr, ocr_language, page_timeout, timeout, tables=tables)
    job = TextJob(files, reader, layout=layout)

    async def go() -> int:
        failed = 0
        found = []
        async for name, read, error in job.texts():
            failed += error is not None
            if as_json:
                found.append(job.plain(name, read, error))
            elif read is not None:
                typer.echo(job.shown(name, read))
            if error is not None:
                typer.echo(safe_line(error), err=True)
        if as_json:
            print_json(found)
        return SOME_FAILED if failed else ALL_DONE

    return asyncio.run(go())
