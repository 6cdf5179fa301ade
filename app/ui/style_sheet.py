"""The small style sheet: the shapes of fields, buttons, menus, lists and scroll bars."""

from typing import TYPE_CHECKING

from app.resources import resource_folder

if TYPE_CHECKING:
    from app.ui.theme import Tokens

_SHEET = """
QToolTip {{ background: {surface}; color: {text}; border: 1px solid {hairline}; padding: 4px 8px; }}

QLineEdit, QComboBox {{
    background: {surface}; color: {text}; border: 1px solid {field_edge}; border-radius: {radius}px;
    padding: 0 8px; min-height: 30px; selection-background-color: {accent};
    selection-color: {on_accent};
}}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {accent}; padding: 0 7px; min-height: 28px; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {muted}; background: {window}; border-color: {hairline}; }}
QLineEdit:read-only {{ color: {muted}; background: {window}; }}
QLineEdit[wrong="true"] {{ border: 2px solid {bad}; padding: 0 7px; min-height: 28px; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{style}/chevron-{name}.svg"); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{
    background: {surface}; color: {text}; border: 1px solid {hairline}; padding: 4px; outline: none;
    selection-background-color: {selection}; selection-color: {text};
}}

QPushButton {{
    background: {surface}; color: {text}; border: 1px solid {field_edge}; border-radius: {radius}px;
    padding: 0 14px; min-height: 30px; outline: none;
}}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed {{ background: {pressed}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 0 13px; min-height: 28px; }}
QPushButton:disabled {{ color: {faint}; border-color: {hairline}; background: {window}; }}
QPushButton[kind="primary"] {{
    background: {accent}; color: {on_accent}; border: 1px solid {accent}; font-weight: 600;
}}
QPushButton[kind="primary"]:hover {{ background: {accent_hover}; border-color: {accent_hover}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {text}; }}
QPushButton[kind="primary"]:disabled {{
    background: {hairline}; color: {muted}; border-color: {hairline};
}}
QPushButton[kind="destructive"] {{ color: {bad}; border-color: {bad}; }}
QPushButton[kind="destructive"]:hover {{ background: {bad_tint}; }}
QPushButton[kind="link"], QPushButton[kind="disclosure"] {{
    background: transparent; border: none; border-bottom: 2px solid transparent; border-radius: 0;
    color: {accent}; padding: 0; min-height: 26px; text-align: left;
}}
QPushButton[kind="disclosure"] {{ color: {muted}; }}
QPushButton[kind="link"]:hover {{ text-decoration: underline; }}
QPushButton[kind="disclosure"]:hover {{ color: {text}; }}
QPushButton[kind="link"]:disabled {{ color: {faint}; background: transparent; }}
QPushButton[kind="link"]:focus, QPushButton[kind="disclosure"]:focus {{
    border: none; border-bottom: 2px solid {accent}; padding: 0; min-height: 26px;
}}
QPushButton[kind="chip"] {{
    background: {accent_tint}; color: {accent}; border: 1px solid transparent; border-radius: 14px;
    padding: 0 10px 0 12px; min-height: 26px;
}}
QPushButton[kind="chip"]:hover {{ background: {selection}; }}
QPushButton[kind="chip"]:focus {{ border: 2px solid {accent}; padding: 0 9px 0 11px; min-height: 24px; }}
QPushButton[kind="pill"] {{
    background: {accent}; color: {on_accent}; border: 1px solid {accent}; border-radius: 15px;
    padding: 0 16px; min-height: 28px; font-weight: 600;
}}
QPushButton[kind="pill"]:hover {{ background: {accent_hover}; }}
QPushButton[kind="pill"]:focus {{ border: 2px solid {text}; }}

QPushButton[kind="nav"] {{
    background: transparent; border: 1px solid transparent; border-radius: {radius}px; text-align: left;
    padding: 0 7px; min-height: 32px; margin: 0 8px;
}}
QPushButton[kind="nav"]:checked {{ background: {selection}; color: {accent}; }}
QPushButton[kind="nav"]:hover {{ background: {window_hover}; }}
QPushButton[kind="nav"]:focus {{ border: 2px solid {accent}; padding: 0 6px; min-height: 30px; }}

QToolButton {{
    background: transparent; border: 1px solid transparent; border-radius: {radius}px; padding: 5px;
}}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed {{ background: {pressed}; }}
QToolButton:focus {{ border: 2px solid {accent}; padding: 4px; }}
QToolButton::menu-indicator {{ image: none; }}

QCheckBox {{ spacing: 8px; min-height: 28px; }}
QCheckBox::indicator, QTreeView::indicator {{
    width: 18px; height: 18px; border: 1px solid {field_edge}; border-radius: 4px; background: {surface};
}}
QCheckBox::indicator:hover {{ background: {hover}; }}
QCheckBox::indicator:checked, QTreeView::indicator:checked {{
    image: url("{style}/check-{name}.svg"); background: {accent}; border-color: {accent};
}}
QCheckBox::indicator:indeterminate {{
    image: url("{style}/partial-{name}.svg"); background: {accent}; border-color: {accent};
}}
QCheckBox::indicator:focus {{ border: 2px solid {accent}; width: 16px; height: 16px; }}
QCheckBox::indicator:checked:focus, QCheckBox::indicator:indeterminate:focus {{ border-color: {text}; }}
QCheckBox::indicator:disabled {{ border-color: {hairline}; background: {window}; }}

QMenu {{
    background: {surface}; color: {text}; border: 1px solid {hairline}; padding: 4px 0;
}}
QMenu::item {{ padding: 6px 28px 6px 16px; margin: 0 4px; border-radius: 4px; }}
QMenu::item:selected {{ background: {selection}; }}
QMenu::item:disabled {{ color: {muted}; background: transparent; }}
QMenu::item:default {{ font-weight: 600; }}
QMenu::separator {{ height: 1px; background: {hairline}; margin: 4px 0; }}

QListWidget, QTableView, QTreeView, QPlainTextEdit {{
    background: {surface}; color: {text}; border: none; outline: none;
}}
QTreeView {{
    border: 1px solid {hairline}; border-radius: {radius}px; padding: 4px; show-decoration-selected: 1;
}}
QTreeView:focus {{ border: 2px solid {accent}; padding: 3px; }}
QTreeView::item {{ min-height: 34px; padding: 0 8px; color: {text}; }}
QTreeView::item:hover {{ background: {hover}; }}
QTreeView::item:selected {{ background: {hover}; color: {text}; }}
QTreeView::item:selected:active {{ background: {selection}; }}
QPlainTextEdit {{
    background: {window}; border: 1px solid {hairline}; border-radius: {radius}px; padding: 4px;
    selection-background-color: {accent}; selection-color: {on_accent};
}}
QPlainTextEdit:focus {{ border: 2px solid {accent}; padding: 3px; }}

QProgressBar {{ background: {hairline}; border: none; border-radius: 3px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}

QHeaderView {{ background: {surface}; border: none; }}
QHeaderView::section {{
    background: {surface}; color: {muted}; border: none; border-bottom: 1px solid {hairline};
    padding: 0 8px; min-height: 28px;
}}
QHeaderView::section:first {{ padding-left: 16px; }}
QHeaderView::section:last {{ padding-right: 16px; }}

QFrame#surface, QWidget#surface {{ background: {surface}; }}
QFrame#rule {{ background: {hairline}; border: none; }}
QFrame#notice {{ background: {waiting_tint}; border: none; border-radius: {radius}px; }}
QFrame#notice[tone="bad"] {{ background: {bad_tint}; }}
QFrame#notice[tone="plain"] {{ background: {accent_tint}; }}
QLabel[tone="muted"] {{ color: {muted}; }}
QLabel[tone="bad"] {{ color: {bad}; }}
QLabel[tone="good"] {{ color: {good}; }}
QLabel[tone="waiting"] {{ color: {waiting}; }}
QLabel[tone="opted_out"] {{ color: {opted_out}; }}
QLabel[tone="accent"] {{ color: {accent}; }}
QLabel[tone="step"] {{ color: {accent}; font-weight: 600; }}
QTextEdit#prose {{ background: transparent; border: none; padding: 0; }}

QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {scroll}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {field_edge}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {hairline}; }}
"""


def style_sheet(tokens: "Tokens") -> str:
    """The application's style sheet in the colours of one appearance."""
    from app.ui.theme import RADIUS, mix

    return _SHEET.format(
        style=(resource_folder() / "style").as_posix(),
        radius=RADIUS,
        name="dark" if tokens.dark else "light",
        window=tokens.window,
        surface=tokens.surface,
        hairline=tokens.hairline,
        field_edge=tokens.field_edge,
        text=tokens.text,
        muted=tokens.muted,
        faint=mix(tokens.muted, tokens.surface, 0.7),
        accent=tokens.accent,
        on_accent=tokens.on_accent,
        accent_hover=tokens.accent_hover,
        accent_tint=tokens.tint(tokens.accent),
        good=tokens.good,
        bad=tokens.bad,
        bad_tint=tokens.tint(tokens.bad),
        waiting=tokens.waiting,
        waiting_tint=tokens.tint(tokens.waiting),
        opted_out=tokens.opted_out,
        selection=tokens.selection,
        hover=tokens.hover,
        window_hover=mix(tokens.text, tokens.window, 0.06),
        pressed=mix(tokens.text, tokens.surface, 0.12),
        scroll=mix(tokens.text, tokens.surface, 0.25),
    )
