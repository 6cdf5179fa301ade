"""Renders every window in many states to PNG files: ``python -m tests.ui.gallery OUTDIR [NAME ...]``.

For looking at, not for comparing. Runs without a screen; ``QT_SCALE_FACTOR=2`` gives the 200 % pictures.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop

from app.domain.gaps import GapReason
from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput, Problem, Remedy, SignInFailed, Unreachable
from app.domain.status import Reach, Status
from app.eventlog import EventLog
from app.settings import Appearance, FollowedNumber, SettingsFile
from app.ui.closing import CLOSE_HINT
from app.ui.desk import Desk
from app.ui.filters import View, customer_chip, own_number_chip
from app.ui.first_run import Step
from app.ui.tasks import Tasks
from app.ui.trouble_window import TroubleWindow
from app.ui.words import Labels
from tests.ui import shop
from tests.ui.engine import DeskEngine, LoginSwitch

ZONE = ZoneInfo("America/New_York")
MANY = tuple(
    OwnNumber(f"+1650555{1000 + n}", f"{street} office" if n % 5 else "")
    for n, street in enumerate(
        f"{name} {kind}"
        for name in (
            "Maple",
            "Oak",
            "Elm",
            "Harbor View Professional Center, 3rd floor,",
            "Pine",
            "Cedar",
            "Lake",
            "Hill",
            "River",
        )
        for kind in ("Street", "Avenue", "Road", "Lane", "Square")
    )
)


class Studio:
    """One application, one folder for the pictures, fresh windows for each."""

    def __init__(self, app: QApplication, out: Path, scratch: str) -> None:
        self.app = app
        self.out = out
        self.scratch = scratch
        self.problems: list[str] = []

    async def desk(
        self,
        *,
        dark: bool = False,
        events: bool = True,
        first_run_done: bool = True,
        numbers: tuple[OwnNumber, ...] = shop.NUMBERS,
        **status: object,
    ) -> tuple[Desk, DeskEngine]:
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        log = await EventLog.open(folder / "log.db", "ab" * 32)
        if events:
            await log.append(shop.Shop().morning())
            await _gaps(log)
        settings = SettingsFile(folder / "settings.json")
        settings.update(
            first_run_done=first_run_done,
            client_id="TB1x9fQ2" if first_run_done else "",
            follow=[FollowedNumber(e164=n.e164, label=n.label).model_dump() for n in numbers],
            window=settings.value.window.model_copy(
                update={"appearance": Appearance.DARK if dark else Appearance.LIGHT}
            ),
        )
        known = {
            "reach": Reach.LIVE,
            "since": shop.NOW - timedelta(minutes=90),
            "account": "Pat Smith, Riverside Dental",
            "numbers": numbers,
            "last_event_at": shop.NOW - timedelta(minutes=2) if events else None,
        }
        engine = DeskEngine(log, Status(**(known | status)), numbers)  # type: ignore[arg-type]
        engine.settings = settings
        self.tasks = Tasks(lambda error: self.problems.append(str(error)), self._bug)
        desk = Desk(
            self.app,
            engine,
            log.reader,
            settings,
            self.tasks,
            start_at_login=LoginSwitch(),
            on_quit=lambda: None,
            now=lambda: shop.NOW,
            zone=ZONE,
        )
        return desk, engine

    def _bug(self, name: str, error: BaseException) -> None:
        import traceback

        traceback.print_exception(error)
        self.problems.append(f"{name}: {error!r}")

    async def main(self, desk: Desk) -> QWidget:
        desk.show_main()
        await asyncio.sleep(0.35)
        assert desk.main is not None
        return desk.main

    async def shoot(self, window: QWidget, name: str) -> None:
        await asyncio.sleep(0.15)
        window.grab().save(str(self.out / f"{name}.png"))
        print(name)


async def _gaps(log: EventLog) -> None:
    """A night with the computer off, and a break at noon that is still being closed."""
    spans = ((22 * 60, 9 * 60, GapReason.CLOSED), (200, 150, GapReason.ASLEEP), (45, 38, GapReason.OFFLINE))
    for began, ended, reason in spans:
        gap = await log.open_gap(shop.NOW - timedelta(minutes=began), reason)
        await log.change_gap(gap.id, ended=shop.NOW - timedelta(minutes=ended))
        if reason is not GapReason.OFFLINE:
            await log.close_gaps([gap.id])


Scene = Callable[[Studio], Awaitable[None]]
SCENES: dict[str, Scene] = {}


def scene(function: Scene) -> Scene:
    SCENES[function.__name__] = function
    return function


async def _close(desk: Desk, engine: DeskEngine) -> None:
    desk.hide()
    await desk._tasks.stop(1.0)
    desk.close()
    del desk
    await asyncio.sleep(0.01)
    await engine.log.aclose()


@scene
async def main_light(studio: Studio) -> None:
    desk, engine = await studio.desk()
    await studio.shoot(await studio.main(desk), "main-light")
    await _close(desk, engine)


@scene
async def main_dark(studio: Studio) -> None:
    desk, engine = await studio.desk(dark=True)
    window = await studio.main(desk)
    window.log.list.setFocus()
    window.log.list.select_id(window.log.model.id_at(3))
    window.log.list.opened.emit()
    await studio.shoot(window, "main-dark-details")
    await _close(desk, engine)


@scene
async def batch_details(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = await studio.main(desk)
    window.log.show_view(View.BATCHES)
    await asyncio.sleep(0.2)
    window.log.list.setFocus()
    window.log.list.select_id(window.log.model.id_at(2))
    window.log.list.opened.emit()
    await studio.shoot(window, "batch-details")
    window.resize(window.width(), 980)
    window.log.details._toggle_raw(True)
    await studio.shoot(window, "batch-details-raw")
    await _close(desk, engine)


@scene
async def chips(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = await studio.main(desk)
    window.log.search.add(own_number_chip(shop.FRONT_DESK.e164, Labels(shop.NUMBERS)))
    window.log.search.add(customer_chip("+12125559999"))
    await asyncio.sleep(0.2)
    await studio.shoot(window, "nothing-found")
    window.log.search.clear()
    window.log.search.add(own_number_chip(shop.FRONT_DESK.e164, Labels(shop.NUMBERS)))
    window.log.search.field.setText("holiday")
    await asyncio.sleep(0.4)
    await studio.shoot(window, "chips-and-words")
    window.log.search.field.setText("type:banana")
    await asyncio.sleep(0.4)
    await studio.shoot(window, "bad-query")
    await _close(desk, engine)


@scene
async def pending(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = await studio.main(desk)
    bar = window.log.list.verticalScrollBar()
    bar.setValue(400)
    window.log.list.setFocus()
    window.log.list.select_id(window.log.model.id_at(14))
    made = shop.Shop(seed=9)
    made._n = 5000
    await engine.happen(*[made.inbound(shop.NOW + timedelta(seconds=n), f"New text {n}") for n in range(12)])
    await asyncio.sleep(0.3)
    await studio.shoot(window, "pending")
    await _close(desk, engine)


@scene
async def empty(studio: Studio) -> None:
    desk, engine = await studio.desk(events=False)
    await studio.shoot(await studio.main(desk), "empty")
    desk.main.log.show_view(View.OPT_OUTS)
    await asyncio.sleep(0.2)
    await studio.shoot(desk.main, "empty-opt-outs")
    await _close(desk, engine)


@scene
async def signed_out(studio: Studio) -> None:
    desk, engine = await studio.desk(events=False, reach=Reach.SIGNED_OUT, account="")
    await studio.shoot(await studio.main(desk), "signed-out")
    desk.show_sign_in()
    await studio.shoot(desk.beside.sign_in_window, "sign-in-again")
    await _close(desk, engine)


@scene
async def troubles(studio: Studio) -> None:
    desk, engine = await studio.desk(
        dark=True,
        reach=Reach.STOPPED,
        problem=Problem(
            "RingCentral ended the session. Nothing is lost. Please sign in again.", Remedy.SIGN_IN
        ),
    )
    await studio.shoot(await studio.main(desk), "stopped-dark")
    engine.become(
        reach=Reach.RECONNECTING,
        problem=Problem(
            "There is no connection to RingCentral. Events are added when it is back.",
            Remedy.TRY_AGAIN,
            shop.NOW + timedelta(minutes=3),
        ),
    )
    await studio.shoot(desk.main, "offline-dark")
    engine.become(
        reach=Reach.LIVE,
        problem=None,
        paused_until=shop.NOW + timedelta(minutes=30),
        disabled_filters=("Opt-outs of Front desk (650) 555-0100", "Batches of Surveys (415) 555-0122"),
    )
    desk.main.say_hint(CLOSE_HINT, "Got it")
    await studio.shoot(desk.main, "paused-disabled-hint-dark")
    await _close(desk, engine)


@scene
async def narrow(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = await studio.main(desk)
    window.resize(720, 440)
    await studio.shoot(window, "narrow")
    window.log.list.select_id(window.log.model.id_at(4))
    window.log.list.opened.emit()
    await studio.shoot(window, "narrow-details")
    await _close(desk, engine)


@scene
async def long_text(studio: Studio) -> None:
    desk, engine = await studio.desk(numbers=MANY)
    made = shop.Shop(seed=11)
    made._n = 7000
    await engine.happen(
        made.inbound(shop.NOW, "A very long story. " * 60, own=MANY[3]),
        made.inbound(shop.NOW, "https://example.com/" + "a" * 400, own=MANY[17]),
    )
    window = await studio.main(desk)
    window.log.list.setFocus()
    window.log.list.select_id(window.log.model.id_at(0))
    window.log.list.opened.emit()
    await studio.shoot(window, "long-text")
    await _close(desk, engine)


@scene
async def busy(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = await studio.main(desk)
    made = shop.Shop(seed=12)
    made._n = 20_000
    for part in range(20):
        await engine.happen(
            *[
                made.outbound(shop.NOW + timedelta(milliseconds=part * 500 + n), text=shop.HOLIDAY)
                for n in range(500)
            ]
        )
    await asyncio.sleep(1.0)
    window.log.list.setFocus()
    window.log.list.select_id(window.log.model.id_at(2))
    await studio.shoot(window, "busy")
    await _close(desk, engine)


@scene
async def first_run(studio: Studio) -> None:
    desk, engine = await studio.desk(
        events=False, first_run_done=False, numbers=shop.NUMBERS, reach=Reach.SIGNED_OUT, account=""
    )
    desk.show_main()
    window = desk.first_run
    await studio.shoot(window, "first-run-1")
    window.sign_in.start()
    await studio.shoot(window, "first-run-1-no-client")
    window.server.client_id.setText("TB1x9fQ2")
    window.advanced.setChecked(False)
    window.sign_in.start()
    await studio.shoot(window, "first-run-1-waiting")
    engine.refusal = SignInFailed("The sign-in was refused in the browser. Try again, and press Allow there.")
    engine.browser_done.set()
    await studio.shoot(window, "first-run-1-refused")
    engine.refusal = None
    window.sign_in.start()
    await studio.shoot(window, "first-run-2")
    window.forward.click()
    await studio.shoot(window, "first-run-3")
    window.test.show_it.click()
    await studio.shoot(window, "first-run-3-asked")
    window.test.no.click()
    await studio.shoot(window, "first-run-3-unseen")
    await _close(desk, engine)


@scene
async def first_run_many(studio: Studio) -> None:
    desk, engine = await studio.desk(
        dark=True, events=False, first_run_done=False, numbers=MANY, reach=Reach.NO_NUMBERS
    )
    engine.status = Status(Reach.NO_NUMBERS, shop.NOW)
    desk.show_main()
    window = desk.first_run
    window.show_step(Step.NUMBERS)
    await studio.shoot(window, "first-run-2-many-dark")
    window.numbers.numbers.filter.setText("oak")
    await studio.shoot(window, "first-run-2-filtered-dark")
    engine.refusal = Unreachable("RingCentral cannot be reached. Check your internet connection.")
    window.show_step(Step.NUMBERS)
    await studio.shoot(window, "first-run-2-unreachable-dark")
    engine.refusal = None
    window.show_step(Step.TEST)
    await studio.shoot(window, "first-run-3-dark")
    await _close(desk, engine)


@scene
async def numbers_dialog(studio: Studio) -> None:
    desk, engine = await studio.desk()
    desk.show_numbers()
    await studio.shoot(desk.beside.numbers_dialog, "numbers-dialog")
    engine.refusal = BadInput("RingCentral did not accept the choice. Try again in a minute.")
    desk.beside.numbers_dialog.panel.save()
    await studio.shoot(desk.beside.numbers_dialog, "numbers-dialog-refused")
    await _close(desk, engine)


@scene
async def settings(studio: Studio) -> None:
    for dark in (False, True):
        desk, engine = await studio.desk(dark=dark)
        if dark:
            engine.become(paused_until=shop.NOW + timedelta(hours=20))
        desk.show_settings()
        for name in ("General", "Numbers", "Notifications", "Log", "Account", "Help"):
            desk.beside.settings_window.show_page(name)
            await studio.shoot(
                desk.beside.settings_window, f"settings-{name.lower()}{'-dark' if dark else ''}"
            )
        await _close(desk, engine)


@scene
async def trouble(studio: Studio) -> None:
    desk, engine = await studio.desk()
    window = TroubleWindow(
        desk.theme,
        "Textbell cannot start",
        "There is no keyring on this computer to keep the sign-in safe. "
        "Install and unlock one (GNOME Keyring or KWallet), then try again.",
    )
    window.show()
    await studio.shoot(window, "trouble")
    window.close()
    await _close(desk, engine)


@scene
async def tray_icons(studio: Studio) -> None:
    from PySide6.QtGui import QColor, QPainter, QPixmap

    from app.ui import icons, theme

    sheet = QPixmap(420, 130)
    painter = QPainter(sheet)
    for y, ground in ((0, "#2b2b2b"), (65, "#f0f0f0")):
        painter.fillRect(0, y, 420, 65, QColor(ground))
        for at, name in enumerate(("live", "new", "paused", "connecting", "attention", "signed-out")):
            for size, dx in ((16, 0), (22, 24)):
                drawn = icons.tray_icon(f"tray-{name}", theme.TRAY_ON_ANY_PANEL).pixmap(size, size)
                painter.drawPixmap(10 + at * 68 + dx, y + 20, drawn)
    painter.end()
    sheet.save(str(studio.out / "tray-icons.png"))


async def _main(app: QApplication, out: Path, names: list[str]) -> int:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gallery-") as scratch:
        studio = Studio(app, out, scratch)
        for name in names or list(SCENES):
            await SCENES[name](studio)
    for problem in studio.problems:
        print("PROBLEM:", problem, file=sys.stderr)
    return 1 if studio.problems else 0


if __name__ == "__main__":
    application = QApplication([])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        code = loop.run_until_complete(_main(application, Path(sys.argv[1]), sys.argv[2:]))
    sys.exit(code)
