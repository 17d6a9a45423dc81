"""The app while a batch runs: how long until a click's rerun has returned.

Run ``python -m benchmarks.pdf.app``. Streamlit's own `AppTest` clicks in the script that
``catalyst app pdf`` serves, with a batch of invented PDFs under way in the same process; with
chromium there, a browser clicks in the real program, too, from the click to the new page.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "src/ai_catalyst/cli/app_pdf.py"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FILES, PAGES, CLICKS = 30, 10, 30
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
QUIET += ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def invented(folder, name):
    """Write PDFs of many pages and return their paths; none is like one of another name."""
    from reportlab.pdfgen import canvas

    paths = []
    for number in range(FILES):
        path = folder / f"{name}-{number}.pdf"
        page = canvas.Canvas(str(path))
        for sheet in range(PAGES):
            page.drawString(60, 780, f"Invoice number: {name}-{number}, page {sheet + 1}")
            for line in range(40):
                page.drawString(60, 740 - 15 * line, f"{line} pears, imaginary, {line * number}.50")
            page.showPage()
        page.save()
        paths.append(path)
    return paths


def main():
    with tempfile.TemporaryDirectory() as folder:
        print("| click, while a batch runs | median ms | worst ms | clicks | wanted |")
        print("| --- | ---: | ---: | ---: | --- |")
        in_process(Path(folder))
        in_browser(invented(Path(folder), "browser"), Path(folder) / "program")


def row(name, seconds, wanted=""):
    shown = sorted(one * 1000 for one in seconds)
    print(f"| {name} | {median(shown):.0f} | {shown[-1]:.0f} | {len(shown)} | {wanted} |")


def timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def in_process(folder):
    os.environ["CATALYST_HOME"] = str(folder / "home")
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    def opened(name):
        app = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
        paths = invented(folder, name)
        files = [(path.name, path.read_bytes(), "application/pdf") for path in paths]
        app.file_uploader[0].set_value(files).run()
        return app

    def state(app):
        from ai_catalyst.pdf.app.shared import shared_jobs

        given = app.query_params["job"]
        job = shared_jobs(None).find(given if isinstance(given, str) else given[0])
        return job.progress().state

    starts, clicks, looks = [], [], []
    for turn in range(3):
        app = opened(f"turn-{turn}")
        starts.append(timed(lambda app=app: app.button(key="start").click().run()))
        other = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
        while state(app) == "running" and len(clicks) < CLICKS:
            clicks.append(
                timed(lambda other=other: other.radio(key="method").set_value("classic").run())
            )
            looks.append(timed(lambda app=app: app.run()))
            assert not app.exception, app.exception
            assert not other.exception, other.exception
        from ai_catalyst.pdf.app.shared import shared_jobs

        while state(app) == "running":
            time.sleep(0.05)
        shared_jobs(None).forget(shared_jobs(None).recent()[0])
    row("Extract: begins the batch", starts, "< 200, aim 50")
    row("on another page of the app", clicks, "< 200, aim 50")
    row("the page of the batch itself", looks, "< 200, aim 50")
    shared_jobs(None).close()
    st.cache_resource.clear()


@contextmanager
def program(home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ai_catalyst", "app", "pdf", "--port", str(port)]
    process = subprocess.Popen(
        command, env=os.environ | {"CATALYST_HOME": str(home)}, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def in_browser(paths, home):
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("\n(no browser: playwright is not installed)")
        return
    if not Path(CHROMIUM).exists():
        print("\n(no browser: chromium is not installed)")
        return
    with program(home) as url, sync_playwright() as playwright, tempfile.TemporaryDirectory() as at:
        browser = playwright.chromium.launch_persistent_context(
            at, executable_path=CHROMIUM, headless=True, args=list(QUIET)
        )
        page = browser.new_page()
        page.goto(url)
        page.locator("input[type=file]").set_input_files([str(path) for path in paths])
        page.get_by_role("button", name=f"Extract from {FILES} files").click(timeout=60_000)
        page.get_by_text(f"of {FILES} files").first.wait_for()
        clicks = []
        watcher = browser.new_page()
        watcher.goto(url)
        watcher.get_by_role("heading", name="New batch").wait_for()
        while len(clicks) < CLICKS and not page.get_by_text("files read (").count():
            for button, title in (("History and search", "History"), ("New batch", "New batch")):
                target = watcher.get_by_role("button", name=button)
                heading = watcher.get_by_role("heading", name=title, exact=True)
                clicks.append(timed(lambda t=target, h=heading: (t.click(), h.wait_for())))
        browser.close()
    if clicks:
        row("in a browser, to the new page drawn", clicks)


if __name__ == "__main__":
    main()
