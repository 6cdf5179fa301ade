"""For how long events are kept; what is older goes only after a question that says how much."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from app.domain.problems import Expected
from app.settings import SettingsFile
from app.ui import theme
from app.ui.jobs import Job
from app.ui.parts import button, column, label, line
from app.ui.ports import EngineView
from app.ui.progress_strip import ProgressStrip
from app.ui.reveal import reveal
from app.ui.settings_pages import choice
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted

_YEARS = (1, 2, 5)


def _name(years: int) -> str:
    return counted(years, "year")


class KeepSection(QWidget):
    """The choice, and the question."""

    def __init__(
        self,
        its_theme: Theme,
        settings: SettingsFile,
        engine: EngineView,
        tasks: Tasks,
        changed: Callable[[], object],
    ) -> None:
        """``changed`` is called when events went."""
        super().__init__()
        self._settings = settings
        self._engine = engine
        self._tasks = tasks
        self._changed = changed
        self._wanted: int | None = None
        inner = column(self, gap=theme.GAP)
        row = line(gap=theme.MARGIN)
        name = label("&Keep events for")
        # Whoever edited the file chose something else.
        years = sorted({*_YEARS, settings.value.keep_years or _YEARS[0]})
        names: list[tuple[str, object]] = [(_name(each), each) for each in years]
        self.years = choice([*names, ("ever", None)], settings.value.keep_years, "Keep events for")
        name.setBuddy(self.years)
        row.addWidget(name)
        row.addStretch(1)
        row.addWidget(self.years)
        inner.addLayout(row)
        inner.addWidget(
            label(
                "Each customer’s latest opt-out or opt-in stays in any case, with its proof.",
                tone="muted",
                wrap=True,
            )
        )
        self._question = label(wrap=True)
        self.sure = button("", self._remove, kind="destructive")
        self.cancel = button("Keep them", self._ask_no_more)
        self._answers = QWidget()
        answers = line(self._answers, gap=theme.GAP)
        answers.addWidget(self.sure)
        answers.addWidget(self.cancel)
        answers.addStretch(1)
        inner.addWidget(self._question)
        inner.addWidget(self._answers)
        self.strip = ProgressStrip(its_theme, ruled=False)
        self._job = Job("keep", self.strip, tasks)
        inner.addWidget(self.strip)
        self.years.activated.connect(self._chosen)
        self._ask_no_more()

    @property
    def question(self) -> str:
        """What is asked now; empty if nothing is."""
        return "" if self._question.isHidden() else self._question.text()

    def _chosen(self) -> None:
        self._wanted = self.years.currentData()
        if self._wanted == self._settings.value.keep_years or self._job.running:
            self._ask_no_more()
        else:
            self._tasks.latest("keep-count", self._weigh, self._wanted, failed=self._failed)

    async def _weigh(self, years: int | None) -> None:
        doomed = await self._engine.keeping.outdated(years)
        if years is None or not doomed:
            self._hide_question()
            await self._engine.keeping.keep_years(years)
            return
        self._question.setText(
            f"{counted(doomed, 'event')} {'is' if doomed == 1 else 'are'} older than {_name(years)}. "
            f"{'It' if doomed == 1 else 'They'} will be deleted, here and for good; "
            "export or back up first what you still need."
        )
        self.sure.setText(f"&Delete {counted(doomed, 'event')}")
        self._question.show()
        self._answers.show()
        self.cancel.setFocus()
        reveal(self._answers)

    def _remove(self) -> None:
        self._hide_question()
        self._gone = 0
        self._job.start(
            "Deleting old events…",
            self._let_go,
            given_up=lambda: f"Stopped. {counted(self._gone, 'event')} deleted; the others go another day.",
            failed=self._failed,
        )

    async def _let_go(self) -> None:
        try:
            gone = await self._engine.keeping.keep_years(self._wanted, self._tell)
        finally:
            self._changed()
        self.strip.done(f"{counted(gone, 'old event')} deleted.")

    def _tell(self, gone: int, total: int) -> None:
        self._gone = gone
        said = f"Deleting {gone:,} of {counted(total, 'old event')}…"
        self.strip.advance(said if gone < total else "Giving the space back…", gone / max(total, 1))

    def _failed(self, error: Expected) -> None:
        self.strip.failed(str(error))
        self._ask_no_more()

    def _hide_question(self) -> None:
        self._question.hide()
        self._answers.hide()

    def _ask_no_more(self) -> None:
        self._hide_question()
        self.years.setCurrentIndex(self.years.findData(self._settings.value.keep_years))
