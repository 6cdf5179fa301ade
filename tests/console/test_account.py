"""Signing in and out, numbers, status, doctor, and what goes wrong."""

import asyncio
import json

import pytest

from app.console.__main__ import build_parser
from app.sandbox import Sandbox, SandboxOptions
from tests.console.program import Ctl
from tests.sync.rig import APPOINTMENTS, CUSTOMER, FRONT, callback, free_port


async def test_from_the_sign_in_to_the_sign_out(customer_of: Ctl, box: Sandbox) -> None:
    ctl = customer_of
    signed_in = await ctl("sign-in", "--json")
    assert signed_in.status == 0, signed_in.err
    assert signed_in.json() == {"signed_in": True, "account": "Dana Whitfield"}
    assert f"{box.server_url}/restapi/oauth/authorize?" in signed_in.err

    listed = (await ctl("numbers", "--json")).json()["numbers"]
    assert listed[0] == {"number": FRONT, "label": "Front desk", "followed": False}
    assert len(listed) == 4
    chosen = await ctl("numbers", "--select", f"(650) 555-0100,{APPOINTMENTS}")
    assert [line[0] for line in chosen.out.splitlines()] == ["*", "*", " ", " "]
    assert [number.e164 for number in ctl.settings.value.follow] == [FRONT, APPOINTMENTS]
    not_ours, nonsense, shown, told, doctor, doctor_told = await asyncio.gather(
        ctl("numbers", "--select", "+16505550110"),
        ctl("numbers", "--select", "one,two"),
        ctl("status", "--json"),
        ctl("status"),
        ctl("doctor", "--json"),
        ctl("doctor"),
    )
    assert "(650) 555-0110" in not_ours.sentence
    assert nonsense.sentence
    status = shown.json()
    assert status["reach"] == "not_running"
    assert status["signed_in"] is True
    assert status["server"] == box.server_url
    assert [number["number"] for number in status["numbers"]] == [FRONT, APPOINTMENTS]
    assert "Front desk" in told.out
    assert doctor.status == 0, doctor.out
    report = doctor.json()
    assert report["service"]["reachable"] is True
    assert report["log"]["readable"] is True
    assert report["findings"] == []
    printed = doctor.out + doctor.err + doctor_told.out
    tokens = json.loads(next(value for name, value in ctl.secrets.items() if "token" in name).lstrip("="))
    for secret in (FRONT, FRONT[2:], "555-0100", tokens["access_token"], tokens["refresh_token"]):
        assert secret not in printed

    signed_out = await ctl("sign-out", "--json")
    assert signed_out.json() == {"signed_in": False}
    assert box.oauth.live_sessions() == []
    assert not any("token" in name for name in ctl.secrets)
    assert (await ctl("status", "--json")).json()["reach"] == "signed_out"
    assert "sign in" in (await ctl("numbers")).sentence


async def test_doctor_says_what_to_mend(ctl: Ctl) -> None:
    ctl.settings.update(server_url=f"http://127.0.0.1:{free_port()}")
    ended = await ctl("doctor", "--json")
    assert ended.status == 1
    report = ended.json()
    assert report["service"]["reachable"] is False
    assert len(report["findings"]) == 2
    assert all(finding.endswith(".") for finding in report["findings"])


async def test_a_server_that_is_not_there(ctl: Ctl) -> None:
    ctl.settings.update(client_id="x", redirect_ports=[free_port()])
    address = f"http://127.0.0.1:{free_port()}"
    numbers, status, watch = await asyncio.gather(
        ctl("--server", address, "numbers"),
        ctl("--server", "ftp://x", "status"),
        ctl("watch", "--server", "nonsense"),
    )
    assert numbers.sentence
    assert "ftp://x" in status.sentence
    assert watch.sentence


async def test_without_a_keyring(ctl: Ctl) -> None:
    ctl.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    commands = (["status"], ["sign-in"], ["watch"], ["search", "x"], ["export", "--format", "csv"])
    for ended in await asyncio.gather(*(ctl(*command) for command in commands)):
        assert "keyring" in ended.sentence


async def test_a_data_folder_that_is_a_file(ctl: Ctl) -> None:
    file = ctl.folder / "file"
    file.touch()
    assert "file" in (await ctl("--data-dir", str(file), "status")).sentence


async def test_the_flag_beats_the_environment_which_beats_the_settings(ctl: Ctl) -> None:
    ctl.settings.update(server_url="https://settings.example")
    assert (await ctl("status", "--json")).json()["server"] == "https://settings.example"
    ctl.environment["RINGCENTRAL_SERVER_URL"] = "https://environment.example"
    by_environment, before, after = await asyncio.gather(
        ctl("status", "--json"),
        ctl("--server", "https://flag.example", "status", "--json"),
        ctl("status", "--json", "--server", "https://flag.example/"),
    )
    assert by_environment.json()["server"] == "https://environment.example"
    assert before.json()["server"] == after.json()["server"] == "https://flag.example"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["search"],
        ["search", "x", "--limit", "many"],
        ["export"],
        ["export", "--format", "pdf"],
        ["sandbox", "--scenario", "nothing"],
        ["sandbox", "--port", "99999"],
        ["status", "--nonsense"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage: textbellctl" in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False])
def test_common_flags_may_stand_before_and_after(before: bool) -> None:
    flags = ["--json", "--verbose", "--data-dir", "d", "--server", "s", "--client-id", "c"]
    args = build_parser().parse_args([*flags, "status"] if before else ["status", *flags])
    assert (args.json, args.verbose, args.data_dir, args.server, args.client_id) == (
        True,
        True,
        "d",
        "s",
        "c",
    )


def test_nobody_is_named_whole() -> None:
    from app.console.doctor import masked

    assert masked(CUSTOMER) == "+1212***0100"
    assert masked("12345") == "***"


class TestRateLimit:
    """Five requests of the group Auth a minute, as in life."""

    @pytest.fixture
    def options(self, port: int) -> SandboxOptions:
        return SandboxOptions(redirect_uris=(callback(port),), auto_approve=True)

    async def test_a_wait_is_said(self, customer_of: Ctl) -> None:
        for _ in range(5):
            assert (await customer_of("sign-in")).status == 0
        process = await customer_of.start("sign-in")
        assert process.stderr is not None
        async with asyncio.timeout(15):
            line = (await process.stderr.readline()).decode()
        assert line.startswith("RingCentral lets Textbell in again at ")
        process.kill()
        await process.communicate()
