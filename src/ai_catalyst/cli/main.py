"""``catalyst``: the command line's front door."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from ai_catalyst import __version__
from ai_catalyst.cli import app as apps
from ai_catalyst.cli import (
    articles,
    backup,
    bench,
    cache,
    check,
    cluster,
    config,
    digest,
    doctor,
    init,
    models,
    pdf,
    reports,
    run,
    scrub,
    serve,
    state,
    video,
    watch,
)
from ai_catalyst.cli.exits import exit_code_of
from ai_catalyst.cli.quiet import keep_words_out_of_all_loops
from ai_catalyst.errors import CatalystError

__all__ = ["app", "main"]

app = typer.Typer(
    name="catalyst",
    help="Run AI over private documents: never block, never leak, never lose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", rich_help_panel="Documents")(run.run)
app.command("watch", rich_help_panel="Documents")(watch.watch)
app.command("digest", rich_help_panel="Documents")(digest.digest)
app.command("test-rss", rich_help_panel="Documents")(articles.check_rss)
app.command("test-api", rich_help_panel="Models")(articles.check_api)
app.command("scrub", rich_help_panel="Documents")(scrub.scrub)
app.command("init", rich_help_panel="This machine")(init.init)
app.command("config", rich_help_panel="This machine")(config.config)
app.command("doctor", rich_help_panel="This machine")(doctor.doctor)
app.command("stats", rich_help_panel="State")(state.stats)
app.command("metrics", rich_help_panel="State")(reports.metrics)
app.command("reports", rich_help_panel="State")(reports.reports)
app.command("forget", rich_help_panel="State")(state.forget)
app.command("backup", rich_help_panel="State")(backup.backup)
app.command("restore", rich_help_panel="State")(backup.restore)
app.command("serve", rich_help_panel="Assistant")(serve.serve)
app.add_typer(serve.app, name="knowledge", rich_help_panel="Assistant")
app.command("endpoints", rich_help_panel="Models")(models.endpoints)
app.command("costs", rich_help_panel="Models")(models.costs)
app.command("egress", rich_help_panel="Models")(models.egress)
app.add_typer(cache.app, name="cache", rich_help_panel="State")
app.add_typer(cluster.app, name="cluster", rich_help_panel="This machine")
app.add_typer(pdf.app, name="pdf", rich_help_panel="Documents")
app.add_typer(video.app, name="video", rich_help_panel="Documents")
app.add_typer(apps.app, name="app", rich_help_panel="Documents")
app.command("bench", rich_help_panel="This machine")(bench.bench)
app.command("check", rich_help_panel="Code")(check.check)
app.command("migrate", rich_help_panel="Code")(check.migrate)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"catalyst {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that go before a command."""


def main() -> NoReturn:
    """Run the command line; every error of ours ends in one line and its exit code."""
    keep_words_out_of_all_loops()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: nobody is there to be told
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
    try:
        result = app(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(result if isinstance(result, int) else 0)
    except CatalystError as error:
        _fail(str(error), exit_code_of(error))
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped", 130)
    except BrokenPipeError:
        # The reader of our output has left. What is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"the output cannot be written: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001 - nothing above us could tell of it
        usage = getattr(error, "format_message", None)
        if usage is None:
            _fail_unforeseen(error)
        if not usage():  # the help was shown
            sys.exit(2)
        _fail(usage(), 2)


def _fail_unforeseen(error: Exception) -> NoReturn:
    """Say where our own mistake is; its words may be those of a document, so they are asked for."""
    from ai_catalyst.engine.complaints import told

    if os.environ.get("CATALYST_TRACEBACK"):
        raise error
    _fail(
        f"a mistake of this program: {told(error)}; please report it. What is done is kept. "
        "CATALYST_TRACEBACK=1 shows all, words of your documents perhaps included",
        1,
    )


def _fail(message: str, code: int) -> NoReturn:
    from ai_catalyst.cli.terminal import safe_line

    sys.stderr.write(f"catalyst: {safe_line(message)}\n")
    sys.exit(code)
