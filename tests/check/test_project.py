"""Whatever lies in a folder, the check says what it could not read and checks the rest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.check.extract import extract
from ai_catalyst.check.project import check_paths
from ai_catalyst.errors import UserError

BLOCKS = "import time\n\n\nasync def f():\n    time.sleep(1)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(BLOCKS)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("broken.py", b"def f(:\n", "line 1"),
        ("old.py", b"print 'hello'\n", "Python 2"),
        ("zeros.py", b"a = 1\0\n", "null"),
        ("bytes.py", b"\xff\xfe\xfa = 1\n", "utf-8"),
        ("deep.py", b"x = " + b"(" * 5000 + b")" * 5000, ""),
        ("unknown.py", b"# -*- coding: martian -*-\nx = 1\n", "martian"),
        ("book.ipynb", b"{not json", ""),
    ],
)
def test_a_file_that_cannot_be_parsed_is_named_and_the_others_are_checked(
    folder: Path, name: str, data: bytes, word: str
) -> None:
    (folder / name).write_bytes(data)
    checked = check_paths([Path()])
    assert [f.sink for f in checked.findings] == ["time.sleep"]
    assert [path for path, _ in checked.problems] == [name]
    assert word in checked.problems[0][1]


def test_other_encodings_are_read_as_they_say(folder: Path) -> None:
    (folder / "latin.py").write_bytes(
        "# -*- coding: latin-1 -*-\nimport time\nn='é'\nasync def g():\n time.sleep(1)\n".encode(
            "latin-1"
        )
    )
    assert {f.file for f in check_paths([Path()]).findings} == {"good.py", "latin.py"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf" + BLOCKS.encode(),
        BLOCKS.replace("\n", "\r\n").encode(),
        b"\x0c\n# only a comment",
        b"from strange import *\nfrom good import *\n",
        b"def f(): yield from f()\nclass C(C): pass\nx = x\n",
    ],
    ids=["empty", "mark", "crlf", "comment", "stars", "circles"],
)
def test_odd_files_are_read_and_the_others_are_checked(folder: Path, data: bytes) -> None:
    (folder / "strange.py").write_bytes(data)
    checked = check_paths([Path()])
    assert checked.problems == []
    assert {f.file for f in checked.findings} >= {"good.py"}
    assert ("strange.py" in {f.file for f in checked.findings}) == (b"async" in data)


def test_a_folder_that_is_no_package_is_checked_across_its_files(folder: Path) -> None:
    inner = folder / "some scripts"
    inner.mkdir()
    (inner / "helper.py").write_text(
        "from good import *\ndef nap():\n    time.sleep(1)\nimport time\n"
    )
    (inner / "run.py").write_text("from helper import *\nasync def g():\n    nap()\n")
    found = check_paths([inner]).findings
    assert [(f.file, f.line, f.sink) for f in found] == [("some scripts/run.py", 3, "time.sleep")]


def test_modules_that_import_each_other_are_followed_once(folder: Path) -> None:
    (folder / "a.py").write_text("from b import *\nimport time\ndef f():\n    g()\n")
    (folder / "b.py").write_text("from a import *\ndef g():\n    f()\n    time.sleep(1)\n")
    (folder / "c.py").write_text("import a\nasync def h():\n    a.f()\n")
    found = [f for f in check_paths([Path()]).findings if f.file == "c.py"]
    assert [(f.line, f.sink) for f in found] == [(3, "time.sleep")]


def test_a_notebook_is_checked_and_its_magics_are_skipped(folder: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# time.sleep(1)"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import time\n"]},
        {"cell_type": "code", "source": "async def nap():\n    time.sleep(1)\n"},
    ]
    (folder / "book.ipynb").write_text(json.dumps({"cells": cells}))
    assert "nap" in {f.root for f in check_paths([Path()]).findings}


def test_a_sum_of_thousands_of_terms_is_read_without_deep_recursion() -> None:
    source = "x = " + " + ".join(["1"] * 3000) + "\n" + BLOCKS
    facts = extract(source.encode())
    assert facts.problem is None or "deep" in facts.problem


def test_a_generated_file_of_fifty_thousand_lines_is_checked(folder: Path) -> None:
    lines = [f"TABLE_{n} = make({n}, 'a', [1, 2, 3])" for n in range(50_000)]
    (folder / "generated.py").write_text("\n".join(lines))
    checked = check_paths([Path()], processes=1)
    assert checked.lines >= 50_000
    assert len(checked.findings) == 1


def test_a_function_that_is_called_like_a_constructor_is_no_constructor(folder: Path) -> None:
    (folder / "made.py").write_text(
        "def make():\n    def __init__(self, client):\n        client.chat.completions.create()\n"
        "    __init__(make, None)\nasync def f():\n    make()\n"
    )
    assert "made.py" in {f.file for f in check_paths([Path()]).findings}


def test_one_file_sees_the_helpers_it_imports_and_tells_of_itself_only(folder: Path) -> None:
    (folder / "helper.py").write_text(
        "import time\ndef nap():\n    time.sleep(1)\nasync def own():\n    nap()\n"
    )
    (folder / "app.py").write_text("import helper\nasync def f():\n    helper.nap()\n")
    found = check_paths([Path("app.py")]).findings
    assert [(f.file, f.line, f.sink) for f in found] == [("app.py", 3, "time.sleep")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_is_called_like_a_module_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    checked = check_paths([Path()])
    assert [f.file for f in checked.findings] == ["good.py"]
    assert [(Path(path).name, why) for path, why in checked.problems] == [
        ("pipe.py", "cannot be read: it is no regular file")
    ]


def test_a_missing_path_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.py"):
        check_paths([Path("nowhere.py")])


def test_a_folder_without_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no Python files"):
        check_paths([tmp_path])


def test_the_cache_gives_the_same_findings_and_notices_a_change(folder: Path) -> None:
    cache = folder / "cache"
    first = check_paths([Path()], cache=cache).findings
    assert check_paths([Path()], cache=cache).findings == first
    (folder / "good.py").write_text(BLOCKS.replace("time.sleep(1)", "pass"))
    assert check_paths([Path()], cache=cache).findings == []


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_does_not_see_the_cache(folder: Path) -> None:
    check_paths([Path()], cache=folder / ".catalyst" / "cache")
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True, timeout=60)
    status = [*git, "status", "--porcelain"]
    assert subprocess.check_output(status, text=True, timeout=60) == "?? good.py\n"


def test_a_damaged_cache_is_read_anew(folder: Path) -> None:
    cache = folder / "cache"
    first = check_paths([Path()], cache=cache).findings
    for path in cache.iterdir():
        path.write_bytes(b"\xc1 damaged")
    assert check_paths([Path()], cache=cache).findings == first


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders")
def test_a_read_only_tree_is_checked(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        assert len(check_paths([Path()], cache=folder / "cache").findings) == 1
    finally:
        folder.chmod(0o700)


def test_virtual_environments_and_hidden_folders_are_left_out(folder: Path) -> None:
    for name in (".hidden", "own_env", "node_modules"):
        (folder / name).mkdir()
        (folder / name / "x.py").write_text(BLOCKS)
    (folder / "own_env" / "pyvenv.cfg").write_text("")
    assert check_paths([Path()]).files == 1


def test_async_tests_are_told_of_only_when_asked(folder: Path) -> None:
    (folder / "test_it.py").write_text(BLOCKS)
    assert {f.file for f in check_paths([Path()]).findings} == {"good.py"}
    assert len(check_paths([Path()], everything=True).findings) == 2


def test_processes_find_what_one_process_finds(folder: Path) -> None:
    for n in range(8):
        (folder / f"m{n}.py").write_text(BLOCKS)
    one = check_paths([Path()], processes=1).findings
    assert check_paths([Path()], processes=2).findings == one
    assert len(one) == 9


def test_a_catalogue_of_ones_own_is_used(folder: Path) -> None:
    own = folder / "own.toml"
    own.write_text(
        '[[blocks]]\nkind = "network"\nreplacement = "acme.aio.{name}"\nnames = ["acme.call"]\n'
    )
    (folder / "good.py").write_text("import acme\nasync def f():\n    acme.call()\n")
    found = check_paths([Path()], catalogues=(own,)).findings
    assert [(f.sink, f.replacement) for f in found] == [("acme.call", "acme.aio.call")]


@pytest.mark.parametrize(
    "text", ["not toml", "[[blocks]]\nkind='x'\n", "[surprise]\n", "[[blocks]]\nkind='cpu'\n"]
)
def test_a_wrong_catalogue_is_refused_by_name(folder: Path, text: str) -> None:
    (folder / "own.toml").write_text(text)
    with pytest.raises(UserError, match=r"own\.toml"):
        check_paths([Path()], catalogues=(folder / "own.toml",))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    extract(data)
    extract(data, notebook=True)
