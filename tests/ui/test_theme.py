import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from app.resources import resource_folder
from app.settings import Appearance
from app.ui import icons, theme
from app.ui.theme import DARK, LIGHT, Theme, Tokens

UI = Path(theme.__file__).parent


def _luminance(colour: str) -> float:
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(colour).getRgbF()[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    a, b = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_and_edges_be_seen(tokens: Tokens) -> None:
    for name in ("text", "muted", "accent", "good", "bad", "waiting", "opted_out"):
        colour = getattr(tokens, name)
        assert _contrast(colour, tokens.surface) >= 4.5, name
        assert _contrast(colour, tokens.window) >= 4.5, name
        assert _contrast(colour, tokens.hover) >= 4.5, name
        assert _contrast(colour, tokens.tint(colour)) >= 4.5, f"{name} on its own tint"
        assert _contrast(colour, tokens.selection) >= 4.5, f"{name} in a selected row"
    assert _contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert _contrast(tokens.on_accent, tokens.accent_hover) >= 4.5
    assert _contrast(tokens.field_edge, tokens.surface) >= 3


def test_the_tray_icon_can_be_seen_on_any_panel() -> None:
    for panel in ("#000000", "#2B2B2B", "#F0F0F0", "#FFFFFF"):
        assert _contrast(theme.TRAY_ON_ANY_PANEL, panel) >= 2.9


async def test_the_appearance_can_be_chosen(app: QApplication) -> None:
    made = Theme(app, Appearance.LIGHT)
    changes: list[bool] = []
    made.changed.connect(lambda: changes.append(made.tokens.dark))
    made.choose(Appearance.DARK)
    made.choose(Appearance.DARK)
    made.choose(Appearance.LIGHT)
    assert changes == [True, False]
    made.deleteLater()


def test_nothing_else_names_a_colour() -> None:
    for path in UI.glob("*.py"):
        if path.name not in ("theme.py", "icons.py"):
            assert not re.findall(r"[\"'#]#[0-9A-Fa-f]{6}\b", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_small_pictures_of_the_style_wear_its_colours(tokens: Tokens) -> None:
    name = "dark" if tokens.dark else "light"
    folder = resource_folder() / "style"
    for part, colour in (
        ("check", tokens.on_accent),
        ("partial", tokens.on_accent),
        ("chevron", tokens.muted),
    ):
        assert f'stroke="{colour}"' in (folder / f"{part}-{name}.svg").read_text(encoding="utf-8")


async def test_every_icon_that_is_named_exists_and_is_recoloured(app: QApplication) -> None:
    have = {path.stem for path in (resource_folder() / "icons").glob("*.svg")}
    source = "\n".join(path.read_text(encoding="utf-8") for path in UI.glob("*.py"))
    named = set(re.findall(r"\"(tray-[a-z-]+)\"", source))
    named.update(re.findall(r"(?:Glyph|IconButton)\([a-z_.]+, \"([a-z-]+)\"", source))
    assert named
    assert named <= have
    for name in have - {"app"}:
        drawn = icons.pixmap(name, "#FF0000", 20, 2.0)
        assert drawn.width() == 40
        image = drawn.toImage()
        inked = [
            QColor(image.pixelColor(x, y))
            for x in range(40)
            for y in range(40)
            if image.pixelColor(x, y).alpha() > 200
        ]
        assert inked, name
        assert all(pixel.red() > 200 and pixel.green() < 60 for pixel in inked), name
