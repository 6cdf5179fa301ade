"""``python -m tests.bench.bare_tray [URI NUMBER]``: a tray icon and nothing else, as the floor.

With the address of a gateway it also holds one connection there, subscribed to a number's events.
"""

import asyncio
import sys

from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon
from qasync import QEventLoop


async def _run(arguments: list[str]) -> None:
    if not arguments:
        await asyncio.Event().wait()
    from tests.bench.bare_gateway import notifications

    async for _ in notifications(*arguments):
        pass


def main() -> None:
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    picture = QPixmap(22, 22)
    picture.fill("#4287E0")
    menu = QMenu()
    menu.addAction("Quit").triggered.connect(app.quit)
    icon = QSystemTrayIcon(QIcon(picture))
    icon.setContextMenu(menu)
    icon.show()
    loop = QEventLoop(app)
    with loop:
        loop.run_until_complete(_run(sys.argv[1:]))


if __name__ == "__main__":
    main()
