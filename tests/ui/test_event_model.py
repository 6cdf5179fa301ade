from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from app.domain.events import BatchSummary, Entry
from app.ui import event_model
from app.ui.event_model import ROW_ROLE, Column, EventTableModel
from app.ui.words import Labels
from tests.ui import shop
from tests.ui.conftest import ZONE

MADE = shop.Shop()


def _entry(id_: int, *, unread: bool = False) -> Entry:
    return Entry(id_, MADE.inbound(shop.NOW - timedelta(minutes=100 - id_), f"text {id_}"), unread)


def _model() -> EventTableModel:
    model = EventTableModel(lambda: shop.NOW, ZONE)
    model.set_labels(Labels(shop.NUMBERS))
    return model


def _watched(model: QAbstractItemModel) -> QAbstractItemModelTester:
    return QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)


async def test_every_change_keeps_qts_rules(app: object) -> None:
    model = _model()
    tester = _watched(model)
    model.reset([_entry(30), _entry(20), _entry(10)], {}, more=True)
    assert model.merge([_entry(40), _entry(25), _entry(20)], {}) == 2
    model.append_older([_entry(5), _entry(4)], {}, more=False)
    assert [model.id_at(row) for row in range(model.rowCount())] == [40, 30, 25, 20, 10, 5, 4]
    model.set_read([40])
    model.times_passed()
    model.keep_newest(3)
    assert [model.id_at(row) for row in range(model.rowCount())] == [40, 30, 25]
    assert model.more
    model.reset([], {}, more=False)
    assert model.rowCount() == 0
    assert model.top is None
    del tester


async def test_a_burst_at_the_top_is_one_announcement(app: object) -> None:
    model = _model()
    model.reset([_entry(n) for n in range(50, 0, -1)], {}, more=False)
    inserted = QSignalSpy(model.rowsInserted)
    model.merge([_entry(n) for n in range(51, 151)], {})
    assert inserted.count() == 1
    assert model.rowCount() == 150


async def test_cells_and_the_row_as_a_sentence(app: object) -> None:
    model = _model()
    entry = Entry(1, MADE.optout(shop.NOW, "+12125550100"))
    model.reset([entry], {}, more=False)
    assert [model.index(0, column).data() for column in Column] == [
        "(212) 555-0100",
        "Opted out, Asked you to stop texting",
        "Front desk",
        "Today 4:30 pm",
    ]
    spoken = model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "(212) 555-0100 opted out of Front desk (650) 555-0100. Today 4:30 pm."


async def test_events_let_go_are_asked_for_and_shown_again(app: object, monkeypatch: object) -> None:
    model = _model()
    size = event_model._KEPT + 10
    entries = [_entry(n) for n in range(size, 0, -1)]
    model.reset(entries, {}, more=False)
    model.merge([_entry(size + 1)], {})
    asked = QSignalSpy(model.missing)
    gone = model.row_of(size)
    assert model.index(gone, 0).data(ROW_ROLE) is None
    assert model.index(gone, 0).data() == "…"
    assert asked.at(0) == [gone]
    model.refill([entries[0]], {})
    assert model.index(gone, 0).data() != "…"


async def test_a_batch_that_changed_is_shown_anew(app: object) -> None:
    model = _model()
    before = BatchSummary("b1", shop.FRONT_DESK.e164, 10, "Completed", delivered=3)
    model.reset([Entry(1, MADE.batch(shop.NOW, "b1", size=10))], {"b1": before}, more=False)
    assert model.index(0, 1).data() == "3 of 10 delivered, 7 waiting"
    changed = QSignalSpy(model.dataChanged)
    model.set_batches({"b1": replace(before, delivered=10)})
    assert changed.count() == 1
    assert model.index(0, 1).data() == "10 of 10 delivered"
    model.set_batches({"b1": replace(before, delivered=10)})
    assert changed.count() == 1
