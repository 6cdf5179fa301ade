"""The icons are drawn in one ink, can be read by Qt, and show something at every usual size."""

import re

import pytest
from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from app.resources import resource_folder

FILES = sorted((resource_folder() / "icons").glob("*.svg"))
INK = {"#1B1F24"}


def _rendered(source: str, size: int) -> QImage:
    renderer = QSvgRenderer(QByteArray(source.encode()))
    assert renderer.isValid()
    image = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def _covered(image: QImage) -> list[tuple[int, int]]:
    return [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 127
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_ink_and_inside_the_frame(file) -> None:
    source = file.read_text()
    colours = {colour.upper() for colour in re.findall(r'(?:fill|stroke)="(#\w+)"', source)}
    assert len(colours) == 1
    assert file.stem == "app" or colours == INK
    for size in (16, 22, 32, 64):
        covered = _covered(_rendered(source, size))
        assert len(covered) >= size * size * 0.03
        # Nothing is cut off: the outermost rows and columns are all but empty.
        edge = [p for p in covered if 0 in p or size - 1 in p]
        assert len(edge) <= size * 0.6


def test_the_states_of_the_tray_differ_in_shape() -> None:
    shapes = {
        file.stem: frozenset(_covered(_rendered(file.read_text(), 16)))
        for file in FILES
        if file.stem.startswith("tray-")
    }
    assert len(shapes) == 6
    for one, its in shapes.items():
        for other, those in shapes.items():
            if one < other:
                assert len(its ^ those) >= 12, (one, other)
