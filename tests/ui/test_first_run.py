"""The first run, step by step, and everything that can go wrong on the way."""

from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput, SignInFailed, Unreachable
from app.domain.status import Reach, Status
from app.settings import PRODUCTION_SERVER, SettingsFile
from app.ui.first_run import FirstRunWindow, Step
from app.ui.server_fields import Given, ServerFields
from app.ui.theme import Theme
from tests.ui import shop
from tests.ui.conftest import DeskKit
from tests.ui.engine import LINK

Until = Callable[..., Awaitable[None]]


@pytest.fixture
def fresh(kit: DeskKit) -> DeskKit:
    kit.settings.update(first_run_done=False, follow=[])
    kit.engine.status = Status(Reach.SIGNED_OUT, shop.NOW)
    return kit


def _window(kit: DeskKit) -> FirstRunWindow:
    assert kit.desk.first_run is not None
    return kit.desk.first_run


async def test_from_nothing_to_watching_with_the_keyboard(fresh: DeskKit, until: Until) -> None:
    fresh.desk.show_main()
    assert fresh.desk.main is None
    window = _window(fresh)
    assert window.step is Step.SIGN_IN
    await until(window.sign_in.begin.hasFocus)
    QTest.keyClick(window.sign_in.begin, Qt.Key.Key_Space)
    await until(lambda: window.sign_in.again.isEnabled())
    assert window.sign_in.again.isVisible()
    fresh.engine.browser_done.set()
    await until(lambda: window.step is Step.NUMBERS and window.numbers.ready)
    assert [n.e164 for n in window.numbers.numbers.chosen()] == [
        shop.DELIVERIES.e164,
        shop.FRONT_DESK.e164,
        shop.SURVEYS.e164,
    ]
    assert window.forward.text() == "&Watch 3 numbers"
    QTest.keyClick(window.numbers.numbers.list, Qt.Key.Key_Space)
    assert window.forward.text() == "&Watch 2 numbers"
    QTest.keyClick(window.numbers.numbers.list, Qt.Key.Key_Return)
    await until(lambda: window.step is Step.TEST)
    assert {n.e164 for n in fresh.engine.status.numbers} == {shop.FRONT_DESK.e164, shop.SURVEYS.e164}
    QTest.keyClick(window.test.show_it, Qt.Key.Key_Space)
    await until(lambda: window.test.yes.isVisible())
    assert fresh.engine.tests == 1
    QTest.keyClick(window.test.yes, Qt.Key.Key_Space)
    assert window.test.result.text == "Good. That is all."
    assert window.at_login.isChecked()
    QTest.keyClick(window.forward, Qt.Key.Key_Space)
    assert fresh.settings.value.first_run_done
    assert fresh.settings.value.start_at_login
    assert fresh.login.on
    assert fresh.desk.first_run is None
    assert fresh.main.isVisible()
    await fresh.settled()


async def test_the_client_id_is_asked_for_where_it_is_missing(fresh: DeskKit) -> None:
    fresh.settings.update(client_id="")
    fresh.desk.show_main()
    window = _window(fresh)
    assert window.server.isVisible()
    window.sign_in.start()
    assert not window.sign_in.waiting
    assert "client ID" in window.sign_in.problem.text
    window.server.client_id.setText("  abc  ")
    window.server.server.setText("not an address")
    window.sign_in.start()
    assert not window.sign_in.waiting
    assert fresh.settings.value.client_id == ""
    window.server.server.setText("http://127.0.0.1:9/")
    window.sign_in.start()
    assert window.sign_in.waiting
    assert fresh.settings.value.client_id == "abc"
    assert fresh.settings.value.server_url == "http://127.0.0.1:9"
    window.sign_in.cancel()
    await fresh.settled()


async def test_what_the_program_was_started_with_needs_no_typing(
    theme: Theme, settings: SettingsFile
) -> None:
    settings.update(client_id="stored")
    fields = ServerFields(theme, settings, Given("http://127.0.0.1:9", "given"))
    assert fields.complete
    assert (fields.client_id.text(), fields.server.text()) == ("given", "http://127.0.0.1:9")
    assert fields.client_id.isReadOnly()
    assert fields.store()
    assert settings.value.client_id == "stored"
    assert settings.value.server_url == PRODUCTION_SERVER
    fields.deleteLater()


async def test_waiting_for_the_browser_can_be_helped_and_given_up(fresh: DeskKit, until: Until) -> None:
    fresh.desk.show_main()
    panel = _window(fresh).sign_in
    panel.start()
    await until(panel.again.isEnabled)
    panel.copy.click()
    assert QGuiApplication.clipboard().text() == LINK
    panel.again.click()
    await until(lambda: fresh.opened == [LINK])
    panel.give_up.click()
    assert not panel.waiting
    assert panel.problem.text == ""
    await until(lambda: fresh.engine.status.reach is Reach.SIGNED_OUT)
    await fresh.settled()


async def test_a_refused_sign_in_is_one_sentence_and_can_be_tried_again(fresh: DeskKit, until: Until) -> None:
    fresh.desk.show_main()
    window = _window(fresh)
    fresh.engine.refusal = SignInFailed("All ports are busy. Close other programs, then try again.")
    window.sign_in.start()
    await until(lambda: window.sign_in.problem.text)
    assert window.sign_in.problem.text.startswith("All ports are busy.")
    assert window.sign_in.begin.isVisible()
    assert window.step is Step.SIGN_IN
    fresh.engine.refusal = None
    fresh.engine.browser_done.set()
    window.sign_in.begin.click()
    await until(lambda: window.step is Step.NUMBERS)
    await fresh.settled()


async def test_numbers_that_cannot_be_fetched_or_chosen(fresh: DeskKit, until: Until) -> None:
    fresh.engine.status = Status(Reach.NO_NUMBERS, shop.NOW)
    fresh.engine.refusal = Unreachable("RingCentral cannot be reached.")
    fresh.desk.show_main()
    window = _window(fresh)
    panel = window.numbers
    await until(lambda: panel.state.title == "Your numbers could not be fetched")
    assert not window.forward.isEnabled()
    fresh.engine.refusal = None
    fresh.engine.numbers = ()
    panel._again()
    await until(lambda: panel.state.title == "No numbers for High Volume SMS")
    fresh.engine.numbers = shop.NUMBERS
    panel._again()
    await until(lambda: panel.ready)
    fresh.engine.refusal = BadInput("RingCentral did not accept the choice.")
    window.forward.click()
    await until(lambda: panel.problem.text)
    assert window.step is Step.NUMBERS
    assert window.forward.isEnabled()
    fresh.engine.refusal = None
    panel.problem.action.click()
    await until(lambda: window.step is Step.TEST)
    await fresh.settled()


async def test_forty_numbers_can_be_filtered_without_losing_what_is_ticked(
    fresh: DeskKit, until: Until
) -> None:
    fresh.engine.status = Status(Reach.NO_NUMBERS, shop.NOW)
    fresh.engine.numbers = tuple(OwnNumber(f"+1650555{1000 + n}", f"Office {n}") for n in range(44))
    fresh.desk.show_main()
    panel = _window(fresh).numbers
    await until(lambda: panel.ready)
    numbers = panel.numbers
    assert numbers.filter.isVisible()
    assert len(numbers.chosen()) == 44
    numbers.filter.setText("office 1")
    assert len(numbers._rows()) == 14
    numbers.all.click()
    assert len(numbers.chosen()) == 30
    numbers.filter.setText("(650) 555-1007")
    assert [item.text(0) for item in numbers._rows()] == ["Office 7"]
    numbers.filter.setText("nothing like it")
    assert numbers._rows() == []
    numbers.filter.clear()
    assert numbers.all.checkState() == Qt.CheckState.PartiallyChecked
    assert len(numbers.chosen()) == 30
    await fresh.settled()


async def test_a_notification_nobody_can_show_is_explained(fresh: DeskKit, until: Until) -> None:
    fresh.engine.status = Status(Reach.LIVE, shop.NOW, numbers=shop.NUMBERS)
    fresh.engine.notifications_work = False
    fresh.desk.show_main()
    window = _window(fresh)
    assert window.step is Step.TEST
    window.test.show_it.click()
    await until(lambda: window.test.result.text)
    assert "Do not disturb" in window.test.result.text
    assert window.forward.isEnabled()
    await fresh.settled()


async def test_a_refused_start_at_login_is_said_and_can_be_left_out(fresh: DeskKit) -> None:
    fresh.engine.status = Status(Reach.LIVE, shop.NOW, numbers=shop.NUMBERS)
    fresh.login.refusal = BadInput("The system does not allow it.")
    fresh.desk.show_main()
    window = _window(fresh)
    window.forward.click()
    assert window.test.result.text == "The system does not allow it."
    window.at_login.setChecked(False)
    window.forward.click()
    assert fresh.settings.value.first_run_done
    await fresh.settled()
