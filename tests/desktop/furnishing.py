"""The private desktop's environment, and the configuration files of its parts."""

import configparser
import os
import struct
from pathlib import Path
from xml.etree import ElementTree

SERVICE_FILES = Path("/usr/share/dbus-1/services")

ACTIVATABLE = ("org.a11y.Bus", "org.xfce.Xfconf", "org.gnome.keyring.SystemPrompter")
"""All that the session bus may start by itself. With the system's own list, a notification daemon that
is merely installed would appear as soon as somebody calls it, and "no daemon" could not be tried."""

_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/run/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

_GTK = """\
[Settings]
gtk-theme-name=Adwaita
gtk-icon-theme-name=Adwaita
gtk-font-name=DejaVu Sans 9
"""

_DUNST = """\
[global]
font = DejaVu Sans 10
origin = top-right
offset = 12x12
width = 340
markup = full
format = "<b>%s</b>\\n%b"
idle_threshold = 0
show_age_threshold = -1
[urgency_low]
timeout = 60
[urgency_normal]
timeout = 60
[urgency_critical]
timeout = 0
"""


def private_environment(folder: Path) -> dict[str, str]:
    """The environment of processes in the desktop kept in ``folder``: the caller's, without its desktop."""
    home = folder / "home"
    foreign = ("XDG_", "DBUS_", "GNOME_", "GTK_", "QT_", "DESKTOP_", "KDE_", "SSH_AUTH")
    named = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SESSION_MANAGER", "PYTHON_KEYRING_BACKEND")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name not in named
    }
    return kept | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CURRENT_DESKTOP": "XFCE",
        "XDG_SESSION_TYPE": "x11",
        "LC_ALL": "C.UTF-8",
        "GTK_THEME": "Adwaita",
        "GSETTINGS_BACKEND": "memory",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        # There is no desktop portal here, and Qt says so at every start; nor does it answer all that
        # accessibility asks.
        "QT_LOGGING_RULES": "qt.qpa.theme.gnome=false;qt.qpa.services=false;qt.accessibility.atspi=false",
        # A dead address rather than none: libdbus starts a bus of its own when it has none.
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/run/no-bus",
    }


def any_display_cookie(cookie: bytes) -> bytes:
    """The content of an Xauthority file (see Xau's ``XauWriteAuth``) for whatever display number it
    will be: the wild family, no address, no number."""
    fields = (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)
    wild = struct.pack(">H", 0xFFFF)
    return wild + b"".join(struct.pack(">H", len(field)) + field for field in fields)


def write_bus_configuration(folder: Path) -> Path:
    """Write the session bus's configuration and its services. Returns the configuration's path."""
    for name in ACTIVATABLE:
        source = SERVICE_FILES / f"{name}.service"
        if source.is_file():
            # There is no systemd in here to hand the start to.
            lines = source.read_text().splitlines()
            kept = [line for line in lines if not line.startswith("SystemdService=")]
            (folder / "services" / source.name).write_text("\n".join(kept) + "\n")
    config = folder / "bus.conf"
    config.write_text(_BUS.format(folder=folder))
    return config


def write_configuration(config_home: Path) -> None:
    """Write what the parts read from XDG_CONFIG_HOME."""
    _write(config_home / "gtk-3.0" / "settings.ini", _GTK)
    _write(config_home / "dunst" / "dunstrc", _DUNST)
    channels = config_home / "xfce4" / "xfconf" / "xfce-perchannel-xml"
    _write_channel(channels, "xfce4-panel", _PANEL)
    _write_channel(channels, "xfce4-notifyd", _NOTIFYD)


def notifyd_program() -> str | None:
    """Where xfce4-notifyd is: not on PATH, but its D-Bus service says."""
    service = configparser.ConfigParser(interpolation=None)
    if not service.read(SERVICE_FILES / "org.xfce.xfce4-notifyd.Notifications.service"):
        return None
    program = service.get("D-BUS Service", "Exec", fallback="")
    return program if Path(program).is_file() else None


# Xfconf values: bool, int and str speak for themselves, a list is an array, a dict has properties of
# its own; Unsigned marks what Xfconf insists on calling uint.


class _Unsigned(int):
    pass


_PANEL: dict[str, object] = {
    "configver": 2,
    "panels": [1],
    # One panel along the bottom edge: window list, room, tray. The tray's last icon sits in the corner.
    "panels/panel-1": {
        "position": "p=8;x=0;y=0",
        "position-locked": True,
        "length": _Unsigned(100),
        "size": _Unsigned(32),
        "plugin-ids": [1, 2, 3],
    },
    "plugins": {
        "plugin-1": ("tasklist", {}),
        "plugin-2": ("separator", {"expand": True, "style": _Unsigned(0)}),
        "plugin-3": ("systray", {"hide-new-items": False, "square-icons": True}),
    },
}

_NOTIFYD: dict[str, object] = {
    "theme": "Default",
    "notify-location": _Unsigned(2),
    "expire-timeout": 60,
    "initial-opacity": 1.0,
    "do-fadeout": False,
    "do-slideout": False,
    "do-not-disturb": False,
}


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _write_channel(folder: Path, channel: str, properties: dict[str, object]) -> None:
    root = ElementTree.Element("channel", name=channel, version="1.0")
    for name, value in properties.items():
        parent = root
        *above, last = name.split("/")
        for part in above:
            parent = next(node for node in parent if node.get("name") == part)
        _property(parent, last, value)
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(folder / f"{channel}.xml", encoding="UTF-8", xml_declaration=True)


def _property(parent: ElementTree.Element, name: str, value: object) -> None:
    node = ElementTree.SubElement(parent, "property", name=name)
    if isinstance(value, tuple):
        value, properties = value
    else:
        properties = value if isinstance(value, dict) else {}
    if isinstance(value, dict):
        node.set("type", "empty")
    elif isinstance(value, list):
        node.set("type", "array")
        for item in value:
            ElementTree.SubElement(node, "value", type=_type(item), value=_text(item))
    else:
        node.set("type", _type(value))
        node.set("value", _text(value))
    for inner, content in properties.items():
        _property(node, inner, content)


def _type(value: object) -> str:
    # bool and _Unsigned before int: both are ints too.
    for kind, name in ((bool, "bool"), (_Unsigned, "uint"), (int, "int"), (float, "double")):
        if isinstance(value, kind):
            return name
    return "string"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
