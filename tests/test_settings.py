"""What the user chose, on disk."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput
from app.settings import (
    PRODUCTION_SERVER,
    REDIRECT_PORTS,
    SCHEMA,
    Appearance,
    Disclosure,
    FollowedNumber,
    Notifications,
    Settings,
    SettingsFile,
    check_server_url,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "settings.json"


def on_disk(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


class TestFirstStart:
    def test_the_defaults_are_stored_at_once(self, path: Path) -> None:
        settings = SettingsFile(path)
        assert settings.value.server_url == PRODUCTION_SERVER
        assert settings.value.redirect_ports == REDIRECT_PORTS
        assert settings.value.follow == ()
        assert settings.value.notifications.disclosure is Disclosure.NUMBER_AND_TEXT
        assert not settings.value.notifications.opted_in
        assert settings.set_aside is None
        assert on_disk(path)["schema"] == SCHEMA

    def test_each_installation_has_a_name_of_its_own(self, path: Path, tmp_path: Path) -> None:
        one, other = SettingsFile(path), SettingsFile(tmp_path / "other.json")
        assert one.value.installation != other.value.installation
        assert SettingsFile(path).value.installation == one.value.installation


class TestUpdate:
    def test_it_is_there_after_a_restart(self, path: Path) -> None:
        follow = (FollowedNumber(e164="+16505550100", label="Front desk – Ürs"),)
        SettingsFile(path).update(client_id="abc", follow=follow, notifications=Notifications(sound=True))
        again = SettingsFile(path).value
        assert again.client_id == "abc"
        assert again.follow[0].own() == OwnNumber("+16505550100", "Front desk – Ürs")
        assert again.notifications.sound
        assert "Ürs" in path.read_text(encoding="utf-8")

    def test_listeners_hear_of_it_once_it_is_stored(self, path: Path) -> None:
        file = SettingsFile(path)
        heard: list[tuple[str, str]] = []
        end = file.listen(lambda new: heard.append((new.client_id, on_disk(path)["client_id"])))
        file.update(client_id="a")
        end()
        file.update(client_id="b")
        assert heard == [("a", "a")]

    def test_a_listener_may_end_itself(self, path: Path) -> None:
        file = SettingsFile(path)
        heard: list[str] = []
        ends = [
            file.listen(lambda _: (heard.append("first"), ends[0]())),
            file.listen(lambda _: heard.append("second")),
        ]
        file.update(client_id="a")
        file.update(client_id="b")
        assert heard == ["first", "second", "second"]

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"server_url": "platform.ringcentral.com"}, "is not a server address"),
            ({"server_url": ""}, "is not a server address"),
            ({"redirect_ports": []}, "“redirect_ports” cannot be used"),
            ({"redirect_ports": [0]}, "“redirect_ports.0” cannot be used"),
            ({"redirect_ports": [70000]}, "“redirect_ports.0” cannot be used"),
            ({"first_run_done": "perhaps"}, "“first_run_done” cannot be used"),
            ({"notifications": {"disclosure": "all"}}, "“notifications.disclosure” cannot be used"),
        ],
    )
    def test_what_is_not_allowed_changes_nothing(
        self, path: Path, changes: dict[str, Any], sentence: str
    ) -> None:
        file = SettingsFile(path)
        before, stored = file.value, on_disk(path)
        with pytest.raises(BadInput, match=sentence):
            file.update(**changes)
        assert file.value == before
        assert on_disk(path) == stored

    def test_a_folder_that_cannot_be_written(self, path: Path) -> None:
        file = SettingsFile(path)
        before = file.value
        # A folder in the way stops even the superuser, whom permissions do not.
        path.with_name("settings.json.new").mkdir()
        with pytest.raises(BadInput, match="cannot be saved in"):
            file.update(client_id="x")
        assert file.value == before
        assert on_disk(path)["client_id"] == ""

    def test_a_file_left_over_from_a_crash_does_not_matter(self, path: Path) -> None:
        file = SettingsFile(path)
        path.with_name("settings.json.new").write_text("half writ", encoding="utf-8")
        assert SettingsFile(path).value == file.value
        file.update(client_id="x")
        assert SettingsFile(path).value.client_id == "x"

    def test_no_half_written_file_is_left(self, path: Path) -> None:
        SettingsFile(path).update(client_id="x")
        assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]
        assert stat.S_ISREG(path.stat().st_mode)


class TestOtherVersions:
    def test_unknown_keys_are_kept(self, path: Path) -> None:
        SettingsFile(path)
        data = on_disk(path) | {"future": {"a": [1]}}
        data["notifications"]["colour"] = "red"
        data["window"]["tabs"] = 3
        path.write_text(json.dumps(data), encoding="utf-8")
        SettingsFile(path).update(client_id="x")
        again = on_disk(path)
        assert again["future"] == {"a": [1]}
        assert again["notifications"]["colour"] == "red"
        assert again["window"]["tabs"] == 3

    def test_missing_keys_get_their_defaults(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text('{"client_id": "x"}', encoding="utf-8")
        settings = SettingsFile(path).value
        assert settings.client_id == "x"
        assert settings.window.appearance is Appearance.SYSTEM


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b"\xff\xfe\x00",
            b'{"schema": "x"}',
            b"[" * 100_000,
            b'{"server_url": "x"}',
        ],
    )
    def test_an_unreadable_file_is_set_aside(self, path: Path, content: bytes) -> None:
        path.parent.mkdir()
        path.write_bytes(content)
        file = SettingsFile(path)
        assert file.value.client_id == ""
        assert file.set_aside == path.with_name("settings.json.damaged-1")
        assert file.set_aside.read_bytes() == content
        assert SettingsFile(path).set_aside is None

    def test_the_installation_keeps_its_name_if_that_can_be_read(self, path: Path) -> None:
        before = SettingsFile(path).value.installation
        path.write_text(path.read_text(encoding="utf-8").replace("],", "]"), encoding="utf-8")
        file = SettingsFile(path)
        assert file.set_aside is not None
        assert file.value.installation == before

    def test_each_one_under_a_name_of_its_own(self, path: Path) -> None:
        path.parent.mkdir()
        for number in (1, 2, 3):
            path.write_text(f"damaged {number}", encoding="utf-8")
            assert SettingsFile(path).set_aside == path.with_name(f"settings.json.damaged-{number}")
        assert path.with_name("settings.json.damaged-1").read_text(encoding="utf-8") == "damaged 1"

    def test_a_place_that_cannot_be_used_is_told(self, path: Path) -> None:
        path.parent.write_text("a file where the folder should be", encoding="utf-8")
        with pytest.raises(BadInput, match=r"cannot be read: .*settings\.json"):
            SettingsFile(path)
        assert path.parent.is_file()

    def test_a_folder_in_its_place_is_moved_too(self, path: Path) -> None:
        path.mkdir(parents=True)
        assert SettingsFile(path).set_aside is not None
        assert path.is_file()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://platform.ringcentral.com", "https://platform.ringcentral.com"),
        (" https://platform.ringcentral.com// ", "https://platform.ringcentral.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_server_addresses(typed: str, kept: str) -> None:
    assert check_server_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ringcentral", "ftp://x", "https://", "http://x:y", "http://x:99999", "http://[", "https:///x"],
)
def test_what_is_no_server_address(typed: str) -> None:
    with pytest.raises(ValueError, match="It looks like https://platform"):
        check_server_url(typed)


@given(st.text(st.characters(exclude_categories=())))
def test_any_address_is_taken_or_refused(typed: str) -> None:
    try:
        said = check_server_url(typed)
    except ValueError as refused:
        said = str(refused)
    assert said.lower().startswith("http") or "is not a server address" in said


def test_there_is_no_secret_in_it() -> None:
    names = set(Settings.model_fields)
    assert not any(word in name for name in names for word in ("token", "secret", "password", "key"))
