"""The program's icon in the containers that Windows and macOS want, drawn from its SVG."""

import struct
from pathlib import Path

from say import ROOT

SOURCE = ROOT / "resources" / "icons" / "app.svg"


def png(size: int) -> bytes:
    """The icon as PNG, ``size`` pixels wide and high."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QImage, QImageWriter, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(SOURCE)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def write_ico(file: Path) -> Path:
    """Write a Windows icon: a directory of PNG images (Windows Vista and newer)."""
    pictures = {size: png(size) for size in (16, 20, 24, 32, 40, 48, 64, 256)}
    offset = 6 + 16 * len(pictures)
    directory = struct.pack("<HHH", 0, 1, len(pictures))
    for size, data in pictures.items():
        # One byte for width and height each; 256 is written as 0. One plane, 32 bits a pixel.
        directory += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), offset)
        offset += len(data)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(directory + b"".join(pictures.values()))
    return file


def write_icns(file: Path) -> Path:
    """Write a macOS icon: PNG images under the type codes that stand for their sizes."""
    codes = {b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024, b"ic11": 32, b"ic12": 64}
    body = b""
    for code, size in codes.items():
        data = png(size)
        body += code + struct.pack(">I", 8 + len(data)) + data
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"icns" + struct.pack(">I", 8 + len(body)) + body)
    return file
