"""The room's public names are there, and cost nothing before they are used."""

import subprocess
import sys

import pytest

import ai_catalyst.io


@pytest.mark.parametrize("name", ai_catalyst.io.__all__)
def test_each_public_name_is_what_it_says(name):
    value = getattr(ai_catalyst.io, name)
    assert value.__name__ == name
    assert name in dir(ai_catalyst.io)


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'download_all'"):
        ai_catalyst.io.download_all  # noqa: B018


def test_importing_the_room_or_its_files_does_not_import_aiohttp():
    code = (
        "import sys, ai_catalyst.io; from ai_catalyst.io import write_atomic, AsyncLibraryWrapper;"
        "import ai_catalyst.io.address; assert 'aiohttp' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
