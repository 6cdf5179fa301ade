"""The project's own rules, those that no linter knows."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import app

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "app").rglob("*.py"))


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def tracked_files() -> tuple[Path, ...]:
    """The repository's files; a source archive without git has no others than these."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return tuple(
        path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()
    )


def test_the_top_level_holds_nothing_else() -> None:
    allowed = {"app", "resources", "tests", "packaging", "build.spec"}
    allowed |= {"pyproject.toml", "requirements.lock", "README.md", "CHANGELOG.md", "LICENSE"}
    found = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert {name for name in found if not name.startswith(".")} <= allowed


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_are_short_and_say_what_they_are(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 250, f"class {node.name} is too long"


def test_the_version_is_stated_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", app.__version__)
    assert "version" in project()["project"]["dynamic"]
    releases = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    if releases:
        newest = max(tuple(map(int, release.split("."))) for release in releases)
        assert tuple(map(int, re.findall(r"\d+", app.__version__))) >= newest


def _distribution(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def test_the_lock_file_holds_what_pyproject_asks_for() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {_distribution(line) for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)}
    wanted = [
        *project()["project"]["dependencies"],
        *project()["dependency-groups"]["dev"],
        *project()["build-system"]["requires"],
    ]
    assert {_distribution(each) for each in wanted} - locked == set()


def test_every_locked_package_is_pinned_and_hashed() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in lock.splitlines() if line.strip() and not line.startswith("#")]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_qt_6_12_never_meets_python_3_11() -> None:
    """Its wheel takes None for immortal, which it is only from Python 3.12 on: the process aborts."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    versions = re.findall(r"^pyside6-essentials==(\d+)\.(\d+)\S* ; (.*?)\\?$", lock, re.MULTILINE)
    for_old = [
        (int(major), int(minor))
        for major, minor, marker in versions
        if "python_full_version < '3.12'" in marker
    ]
    assert for_old, "no line for Python 3.11"
    assert max(for_old) < (6, 12)


TEXT = {".py", ".md", ".toml", ".lock", ".spec", ".sh", ".xml", ".desktop", ".1", ".json", ".svg", ".txt", ""}


def test_nothing_names_a_machine_or_a_package_index() -> None:
    # Put together here, so that this file does not find itself.
    forbidden = re.compile(
        "|".join(
            [
                *(r"/ro" + r"ot/", r"/ho" + r"me/[a-z]+/", r"/wo" + r"rk/", r"[A-Z]:\\Us" + r"ers\\"),
                *("pypi" + r"\.org", "pythonhosted" + r"\.org", "extra-index" + "-url", "--index" + "-url"),
                *("find" + "-links", "trusted" + "-host"),
            ]
        )
    )
    found = []
    for path in tracked_files():
        if path.suffix in TEXT and "data" not in path.relative_to(ROOT).parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path.relative_to(ROOT)}: {each}" for each in forbidden.findall(text)]
    assert found == []


def test_the_import_rules_name_rooms_that_exist() -> None:
    """import-linter only warns of a name that leads nowhere, and checks nothing for it."""
    named: set[str] = set()
    for contract in project()["tool"]["importlinter"]["contracts"]:
        for key in ("layers", "source_modules", "forbidden_modules"):
            for entry in contract.get(key, []):
                named |= set(re.findall(r"app\.[\w.]+", entry))
    for name in named:
        path = ROOT.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


def test_every_room_is_in_the_layers() -> None:
    [layers] = [
        contract["layers"]
        for contract in project()["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    listed = set(re.findall(r"app\.(\w+)", " ".join(layers)))
    rooms = {path.name for path in (ROOT / "app").iterdir() if (path / "__init__.py").is_file()}
    assert rooms - listed == set()


def test_every_tests_directory_is_a_package() -> None:
    folders = {path.parent for path in tracked_files() if re.fullmatch(r"test_\w+\.py", path.name)}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = (ROOT / "packaging" / "commands.py").read_text(encoding="utf-8")
    for name in set(re.findall(r"packaging/run\.py (\w+)", readme)):
        assert f'"{name}"' in commands, name
    for target in re.findall(r"\]\(((?!https?:)[^)#]+)\)", readme):
        assert (ROOT / target).exists(), f"README links to {target}"
