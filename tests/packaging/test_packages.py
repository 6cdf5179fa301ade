"""What goes into the packages besides the program."""

import struct
import subprocess
import sys
from pathlib import Path

import program_icon
import pytest

from tests.packaging.conftest import SCRIPTS

sys.path.append(str(SCRIPTS / "deb"))
import changelog

HISTORY = """\
# Changes

## [Unreleased]

### Added

- One thing, whose description is long enough to go on and on until it does not fit into a
  single line of any changelog.

## [0.1.0] - 2026-03-04

### Fixed

- Another thing.
"""


def test_the_debian_changelog_is_one_that_dpkg_understands(tmp_path: Path) -> None:
    text = changelog.debian(HISTORY, "0.2.0", "Some One <one@example.com>", "Thu, 05 Mar 2026 10:00:00 +0000")
    assert "textbell (0.2.0) unstable" in text
    assert " -- Some One <one@example.com>  Wed, 04 Mar 2026 00:00:00 +0000" in text
    assert max(map(len, text.splitlines())) <= 80
    (tmp_path / "changelog").write_text(text)
    try:
        parsed = subprocess.run(
            ["dpkg-parsechangelog", "-l", tmp_path / "changelog", "--all"],
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("dpkg-dev is not installed")
    assert parsed.stderr == ""
    assert "Version: 0.2.0" in parsed.stdout


def test_a_release_without_changes_is_left_out() -> None:
    assert changelog.debian("## [Unreleased]\n", "1.0.0", "x <x@example.com>", "now") == ""


def test_the_windows_icon_holds_a_picture_for_every_size(qapp: object, tmp_path: Path) -> None:
    data = program_icon.write_ico(tmp_path / "deep" / "textbell.ico").read_bytes()
    reserved, kind, count = struct.unpack_from("<HHH", data)
    assert (reserved, kind) == (0, 1)
    sizes = set()
    for index in range(count):
        width, height, *_, length, offset = struct.unpack_from("<BBBBHHII", data, 6 + 16 * index)
        picture = data[offset : offset + length]
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack_from(">II", picture, 16) == (width or 256, height or 256)
        sizes.add(width or 256)
    assert {16, 32, 48, 256} <= sizes


def test_the_macos_icon_is_whole(qapp: object, tmp_path: Path) -> None:
    data = program_icon.write_icns(tmp_path / "textbell.icns").read_bytes()
    assert data[:4] == b"icns"
    assert struct.unpack_from(">I", data, 4) == (len(data),)
    offset = 8
    while offset < len(data):
        code, length = struct.unpack_from(">4sI", data, offset)
        assert code in {b"ic07", b"ic08", b"ic09", b"ic10", b"ic11", b"ic12"}
        assert data[offset + 8 : offset + 16] == b"\x89PNG\r\n\x1a\n"
        offset += length
    assert offset == len(data)
