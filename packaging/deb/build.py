"""Makes ``dist/textbell_VERSION_ARCHITECTURE.deb`` from ``dist/textbell/``, and has it judged.

.venv/bin/python packaging/deb/build.py
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

import changelog  # noqa: E402
import system_packages  # noqa: E402

ID = "io.github.textbell.Textbell"
MAINTAINER = "The Textbell authors <textbell@users.noreply.github.com>"

CONTROL = """\
Package: textbell
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Section: net
Priority: optional
Depends: {depends}
Recommends: gnome-keyring | libkf5wallet-bin, notification-daemon, xdg-utils
Description: watches RingCentral High Volume SMS numbers from the tray
 Textbell tells the staff of a small business when a batch of texts is done,
 how many of them arrived, and when a customer opts out.
 .
 Everything it saw stays in a searchable, encrypted log on this computer.
"""


def main() -> None:
    os.umask(0o022)
    version = _version()
    moment = _moment()
    architecture = _output("dpkg", "--print-architecture")
    program = ROOT / "dist" / "textbell"
    if not (program / "textbell").is_file():
        sys.exit("dist/textbell is missing: python3 packaging/run.py build")
    package = ROOT / "dist" / f"textbell_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="textbell-deb-") as folder:
        tree = Path(folder)
        _lay_out(tree, program, version, moment)
        _set_modes(tree)
        size = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024 + 1
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(
            CONTROL.format(
                version=version,
                architecture=architecture,
                maintainer=MAINTAINER,
                size=size,
                depends=", ".join([f"libc6 (>= {_needed_glibc(program)})", *system_packages.QT]),
            )
        )
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, package],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(int(moment.timestamp()))},
        )
        _judge(tree, package)
    print(f"{package.relative_to(ROOT)}: {package.stat().st_size / 1e6:.1f} MB")


def _lay_out(tree: Path, program: Path, version: str, moment: datetime) -> None:
    tree.chmod(0o755)
    shutil.copytree(program, tree / "usr" / "lib" / "textbell", symlinks=True)
    binaries = tree / "usr" / "bin"
    binaries.mkdir(parents=True)
    for name in ("textbell", "textbellctl"):
        (binaries / name).symlink_to(f"../lib/textbell/{name}")
    filled = {"@VERSION@": version, "@DATE@": moment.date().isoformat()}

    def put(source: Path, *to: str) -> None:
        text = source.read_text()
        for mark, value in filled.items():
            text = text.replace(mark, value)
        _write(tree.joinpath("usr", "share", *to), text.encode())

    put(HERE / f"{ID}.desktop", "applications", f"{ID}.desktop")
    put(HERE / f"{ID}.metainfo.xml", "metainfo", f"{ID}.metainfo.xml")
    put(ROOT / "resources" / "icons" / "app.svg", *("icons", "hicolor", "scalable", "apps", f"{ID}.svg"))
    put(HERE / "lintian-overrides", "lintian", "overrides", "textbell")
    for name in ("textbell", "textbellctl"):
        page = (HERE / f"{name}.1").read_text().replace("@VERSION@", version)
        _write(tree / "usr" / "share" / "man" / "man1" / f"{name}.1.gz", _gzip(page))
    documents = tree / "usr" / "share" / "doc" / "textbell"
    _write(documents / "copyright", _copyright().encode())
    history = changelog.debian(
        (ROOT / "CHANGELOG.md").read_text(), version, MAINTAINER, format_datetime(moment)
    )
    _write(documents / "changelog.gz", _gzip(history))


def _copyright() -> str:
    licence = (ROOT / "LICENSE").read_text().strip().splitlines()
    holder = next(line for line in licence if line.startswith("Copyright"))
    text = "\n".join(f" {line}" if line.strip() else " ." for line in licence[licence.index(holder) + 2 :])
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: Textbell\n"
        "Comment: usr/lib/textbell/_internal holds Python, Qt (LGPL-3) and other libraries under their own\n"
        " licences.\n\n"
        f"Files: *\nCopyright: {holder.removeprefix('Copyright (c) ')}\nLicense: MIT\n{text}\n"
    )


def _set_modes(tree: Path) -> None:
    """Permissions as Debian wants them: a library is data, a program can be run."""
    for path in tree.rglob("*"):
        if path.is_symlink():
            continue
        runs = path.is_dir() or (path.parent.name == "textbell" and path.name in ("textbell", "textbellctl"))
        path.chmod(0o755 if runs else 0o644)


def _needed_glibc(program: Path) -> str:
    """The newest glibc version that any of the files asks for."""
    files = [path for path in program.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    listed = subprocess.run(
        ["readelf", "--version-info", "--wide", *files], capture_output=True, text=True, check=True
    ).stdout
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d+\.\d+)", listed)}
    return ".".join(map(str, max(versions)))


def _judge(tree: Path, package: Path) -> None:
    """Ask Debian's and freedesktop.org's own checkers, those that are installed."""
    share = tree / "usr" / "share"
    judges: list[list[Path | str]] = [
        ["desktop-file-validate", share / "applications" / f"{ID}.desktop"],
        ["appstreamcli", "validate", "--no-net", share / "metainfo" / f"{ID}.metainfo.xml"],
        ["lintian", "--allow-root", "--fail-on", "error,warning", package],
    ]
    for command in judges:
        if shutil.which(str(command[0])):
            subprocess.run(command, check=True)
        else:
            print(f"not checked by {command[0]}: it is not installed")


def _version() -> str:
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "app" / "__init__.py").read_text())
    assert found is not None
    return found.group(1)


def _moment() -> datetime:
    """When this was made: SOURCE_DATE_EPOCH, the last commit, or now."""
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not stated and shutil.which("git"):
        command = ["git", "log", "-1", "--format=%ct"]
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        stated = asked.stdout.strip()  # empty outside of a checkout
    return datetime.fromtimestamp(int(stated), UTC) if stated else datetime.now(UTC)


def _gzip(text: str) -> bytes:
    return gzip.compress(text.encode(), 9, mtime=0)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
