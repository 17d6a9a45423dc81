"""The ways in which programs fetch with urllib and start other programs."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from urllib.request import Request, urlopen


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        kind = self.headers.get("Content-Type", "-")
        said = {"path": self.path, "method": self.command, "who": self.headers.get("X-Who"), "kind": kind}
        body = json.dumps({**said, "data": self.rfile.read(length).decode()}).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Shop", "yes")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, *args):
        pass


def plain(base):
    with urllib.request.urlopen(base + "/plain", timeout=5) as response:
        return json.loads(response.read()), response.status, response.headers["X-Shop"]


def loaded(base):
    response = urlopen(Request(base + "/loaded", headers={"X-Who": "me"}))
    return json.load(response)["who"], response.getcode(), response.geturl() == base + "/loaded"


def posted(base):
    data = urllib.parse.urlencode({"a": 1}).encode()
    answers = [json.load(urllib.request.urlopen(base + "/form", data))]
    request = Request(base + "/json", data=b"{}", headers={"Content-Type": "application/json"}, method="PUT")
    with urlopen(request) as response:  # another method
        answers.append(json.load(response))
    return answers


def missing(base):
    try:
        urlopen(base + "/missing")
    except urllib.error.HTTPError as error:
        return error.code, error.reason, json.load(error)["path"]


def refused():
    try:
        urlopen("http://127.0.0.1:9/")
    except urllib.error.URLError as error:
        return type(error).__name__


def kept(base, path):
    name, _ = urllib.request.urlretrieve(base + "/file", path)
    return os.path.getsize(name)


def lines(base):
    return sum(1 for _ in urlopen(base + "/lines"))


def program(code):
    process = Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True)
    out, err = process.communicate("ada\n")
    return out.strip(), err, process.returncode


def waited():
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(4)"])
    return process.wait(), process.poll()


def late():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "late"


def entered():
    with Popen("echo from the shell", shell=True, stdout=PIPE) as process:
        return process.communicate()[0].decode().strip()


def at_once():
    return Popen([sys.executable, "-c", "print(1)"], stdout=PIPE).communicate()[0].strip().decode()


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    print(plain(base), loaded(base), posted(base), missing(base), refused(), lines(base))
    print(kept(base, "kept.bin"), program("print(input()[::-1])"), waited(), late(), entered(), at_once())
    server.shutdown()


if __name__ == "__main__":
    main()
