"""The small business behind the sandbox: its account, its numbers, its customers.

Every number ends in 555-01xx, the range kept free for fiction.
"""

from dataclasses import dataclass
from random import Random

ACCOUNT_ID = "405151939033"
EXTENSION_ID = "405151939034"
COMPANY = "Willow Creek Dental"
USER_FIRST_NAME = "Dana"
USER_LAST_NAME = "Whitfield"
USER_EMAIL = "dana@willowcreekdental.example"


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A number of the account, as the phone-number lists describe it."""

    id: int
    e164: str
    label: str
    location: str
    usage_type: str = "DirectNumber"
    kind: str = "VoiceFax"
    features: tuple[str, ...] = ("CallerId", "SmsSender", "A2PSmsSender")
    primary: bool = False

    @property
    def sends_high_volume(self) -> bool:
        return "A2PSmsSender" in self.features


NUMBERS = (
    AccountNumber(4401, "+16505550100", "Front desk", "San Mateo, CA"),
    AccountNumber(4402, "+16505550101", "Appointments", "San Mateo, CA"),
    AccountNumber(4403, "+16505550102", "Billing", "San Mateo, CA"),
    AccountNumber(4404, "+14155550103", "Downtown office", "San Francisco, CA"),
    AccountNumber(
        4405,
        "+16505550110",
        "Main line",
        "San Mateo, CA",
        usage_type="MainCompanyNumber",
        features=("CallerId", "SmsSender", "MmsSender"),
        primary=True,
    ),
    AccountNumber(
        4406,
        "+16505550111",
        "Fax",
        "San Mateo, CA",
        usage_type="CompanyFaxNumber",
        kind="FaxOnly",
        features=("CallerId",),
    ),
)
HIGH_VOLUME_NUMBERS = tuple(number.e164 for number in NUMBERS if number.sends_high_volume)

_AREA_CODES = (
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228,
    229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 272, 276, 281, 301,
    302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325,
    330, 331, 334, 336, 337, 339, 346, 347, 351, 352, 360, 361, 385, 386, 401, 402, 404, 405, 406, 407,
    408, 409, 410, 412, 413, 414, 415, 416, 417, 419, 423, 424, 425, 430, 432, 434, 435, 440, 442, 443,
    458, 469, 470, 475, 478, 479, 480, 484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515,
    516, 517, 518, 520, 530, 531, 534, 539, 540, 541, 551, 559, 561, 562, 563, 564, 567, 570, 571, 573,
    574, 575, 580, 585, 586, 601, 602, 603, 604, 605, 606, 607, 608, 609, 610, 612, 614, 615, 616, 617,
    618, 619, 620, 623, 626, 628, 629, 630, 631, 636, 641, 646, 647, 650, 651, 657, 660, 661, 662, 667,
)  # fmt: skip


def customers(rng: Random) -> list[str]:
    """Some 18,000 customers, shuffled; most people of the first hundred live near by."""
    own = {number.e164 for number in NUMBERS}
    near = [f"+1{area}55501{tail:02d}" for area in (650, 415, 408) for tail in range(12, 100)]
    far = [
        f"+1{area}55501{tail:02d}"
        for area in _AREA_CODES
        if area not in (650, 415, 408)
        for tail in range(100)
    ]
    rng.shuffle(near)
    rng.shuffle(far)
    first = near[:70] + far[:30]
    rng.shuffle(first)
    return [number for number in (*first, *near[70:], *far[30:]) if number not in own]
