"""Texts that ask to stop in words the service does not act on.

RingCentral opts a customer out when the text is one of a few keywords. US rules know more of them, and every
other wording that a reasonable person understands (47 CFR 64.1200(a)(10)). Such texts are found here by rules
that can be read: ``resources/possible-opt-outs.json`` holds them with their sources, their reasons and
examples. A rule only raises a question; whether it is an opt-out is for a person to say.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from app.domain.business_days import business_days_after
from app.domain.events import OPTED_IN, OPTED_OUT
from app.domain.phrases import BREAK, Phrasebook, PhraseError, Reader, Words
from app.resources import resource_path

RULES_FILE = "possible-opt-outs.json"

SERVICE_OPT_OUT_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
SERVICE_OPT_IN_WORDS = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})
"""What RingCentral acts on by itself, in any case (guide page "Handling Opt-in / Opt-out requests")."""

BUSINESS_DAYS = 10
"""Within so many an opt-out must be honoured (47 CFR 64.1200(a)(10); in Canada CASL, section 11(3))."""


class Where(StrEnum):
    """Where in a text a rule's phrase must stand. Fillers such as "please" may stand around it."""

    ANYWHERE = "anywhere"
    SENTENCE = "sentence"
    """It is a whole sentence."""
    START = "start"
    """The text begins with it."""
    END = "end"
    """A sentence ends with it."""
    MESSAGE = "message"
    """It is the whole text, once or more often."""


@dataclass(frozen=True, slots=True)
class Found:
    """Words of a text that a rule is about."""

    rule: str
    """The rule's id in the data file."""
    words: str
    """As they stand in the text."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PossibleOptOut:
    """A text that may ask to stop, and what makes it look so."""

    found: tuple[Found, ...]
    """In the order of the text; at least one."""
    why: str
    """One plain sentence: “take me off your list” asks to be taken off a list."""
    version: str
    """Of the rules."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that found something, each once."""
        return tuple(dict.fromkeys(each.rule for each in self.found))

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """What to mark in the text: what was found, where it overlaps put together."""
        spans: list[tuple[int, int]] = []
        for each in self.found:
            if spans and each.start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], each.end)
            else:
                spans.append((each.start, each.end))
        return tuple(spans)


def judge(text: str) -> PossibleOptOut | None:
    """Whether a customer's text may ask to stop in words the service does not act on.

    ``None`` if it does not, or if the service acts on it by itself (see ``acted_on_by_service``). Any ``str``
    may be given; nothing is ever raised, but for a damaged installation.
    """
    return None if acted_on_by_service(text) else rules().judge(text)


def acted_on_by_service(text: str) -> str:
    """``OPTED_OUT`` or ``OPTED_IN`` if the text is one of the service's keywords and nothing else, or ``""``.

    Whether the service also acts on a keyword with signs after it (``Stop.``) is not documented. It is not
    taken for granted here: such a text is a possible opt-out, until the service tells of an opt-out.
    """
    if len(text) > 100:
        return ""
    word = text.strip().upper()
    if word in SERVICE_OPT_OUT_WORDS:
        return OPTED_OUT
    return OPTED_IN if word in SERVICE_OPT_IN_WORDS else ""


def due_by(received_at: datetime, zone: tzinfo) -> date:
    """The last day on which an opt-out received then may still be put into effect.

    It is the tenth business day after the day of receipt as the calendar of ``zone`` has it; federal
    holidays of the US are not counted.

    Raises:
        ValueError: the time has no zone.
    """
    if received_at.tzinfo is None:
        raise ValueError("the time of receipt needs a zone")
    return business_days_after(received_at.astimezone(zone).date(), BUSINESS_DAYS)


@cache
def rules() -> "Rules":
    """The program's rules, read at first use."""
    return Rules(json.loads(resource_path(RULES_FILE).read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the data file."""

    id: str
    language: str
    source: str
    """A key of the file's ``sources``."""
    reason: str
    """Follows the words found in a sentence: “stop texting me” … asks you to stop sending texts."""
    where: Where
    phrases: tuple[str, ...]
    unless: tuple[str, ...]
    """Phrases that the words found are only a part of: “don't stop”."""
    near: tuple[str, ...]
    """Keywords that the text is one of with a mistake in typing."""
    distinct: frozenset[str]
    """Words that are like these keywords, and meant."""
    name: bool
    """One of the words found, but for the first, must be written like a name: ``This is not Maria``."""


class _Sought:
    """A rule's phrase, as a pattern that is compiled when a text needs it: most never are."""

    def __init__(self, rule: int, where: Where, pattern: str) -> None:
        self.rule = rule
        self.where = where
        self._pattern = pattern

    @cached_property
    def match(self) -> Callable[[str, int], re.Match[str] | None]:
        """Looks for it at a place in a line. Group 1 is what was found."""
        return re.compile(self._pattern).match


class _Unless:
    """What the words found must not be a part of; compiled when it is needed."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], ...]:
        # Each by itself: of alternatives that begin at the same word a search sees but the first.
        return tuple(map(re.compile, self._patterns))

    def overlaps(self, line: str, start: int, end: int) -> bool:
        """Whether any of it has a word in common with this part of the line."""
        near, far = max(0, start - _LONGEST_UNLESS), end + _LONGEST_UNLESS
        for pattern in self._compiled:
            found = pattern.search(line, near, far)
            while found and found.start() < end:
                if found.end() > start:
                    return True
                # From the next word on: what is found may overlap with what was found before.
                found = pattern.search(line, found.start() + 1, far)
        return False


class Rules:
    """The rules of a data file, made ready for use.

    Raises:
        PhraseError, KeyError, ValueError: the file is not as it should be.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.version = str(data["version"])
        self.sources: Mapping[str, str] = dict(data["sources"])
        self.rules = tuple(_rule(entry) for entry in data["rules"])
        self._by_id = {rule.id: rule for rule in self.rules}
        self._reader = Reader(data["spellings"], data["signs"])
        book = Phrasebook(self._reader, data["groups"])
        filler = "|".join(sorted((book.pattern(each) for each in data["fillers"]), key=len, reverse=True))
        self._between = re.compile(f"(?:{filler}|{re.escape(BREAK)} )*+")
        self._sought: dict[str, list[_Sought]] = {}
        for number, rule in enumerate(self.rules):
            for phrase in rule.phrases:
                pattern = _placed(book.pattern(phrase), rule.where, filler)
                sought = _Sought(number, rule.where, pattern)
                for word in book.first_words(phrase):
                    self._sought.setdefault(word, []).append(sought)
        self._near = [(number, rule) for number, rule in enumerate(self.rules) if rule.near]
        self._unless = [_Unless(_whole(book, rule.unless)) for rule in self.rules]
        self._taken_back = re.compile("|".join(_whole(book, data["taken_back"])))
        self._reactions = re.compile("|".join(data["reactions"]), re.IGNORECASE | re.DOTALL)

    def source(self, rule: str) -> str:
        """The fact that a rule rests on, by the rule's id: ``47 CFR 64.1200(a)(10), …``.

        Raises:
            KeyError: there is no such rule, as when it was found by another version.
        """
        return self.sources[self._by_id[rule].source]

    def judge(self, text: str) -> PossibleOptOut | None:
        """Whether any rule finds something in a text."""
        words = self._reader.read(text)
        found = []
        if not self._sought.keys().isdisjoint(words.words):
            found = [each for each in self._find(words) if self._holds(each, words, text)]
            # What comes after it may take it back: "no, keep it".
            back = max((taken.start() for taken in self._taken_back.finditer(words.line)), default=-1)
            found = [each for each in found if each[2] > back]
        if not found and len(words.words) <= _MOST_WORDS_OF_A_TYPO:
            found = list(self._misspelled(words))
        if not found or self._reactions.match(text):
            return None
        return self._told(text, words, found)

    def _find(self, words: Words) -> Iterator[tuple[int, int, int]]:
        """Rule, and where in the line what it found begins and ends."""
        line, sought = words.line, self._sought
        first = self._between.match(line).end()  # type: ignore[union-attr]  # it matches anything
        sentence = first
        for word, offset in zip(words.words, words.offsets, strict=True):
            if word == BREAK:
                sentence = self._between.match(line, offset).end()  # type: ignore[union-attr]
                continue
            for each in sought.get(word, ()):
                if each.where in _AT_START and offset != first:
                    continue
                if each.where is Where.SENTENCE and offset != sentence:
                    continue
                found = each.match(line, offset)
                if found:
                    yield each.rule, offset, found.end(1)

    def _holds(self, found: tuple[int, int, int], words: Words, text: str) -> bool:
        """It is not part of something that means something else."""
        number, start, end = found
        if self.rules[number].name:
            first, last = bisect_left(words.offsets, start), bisect_left(words.offsets, end)
            written = [text[slice(*span)] for span in words.spans[first + 1 : last]]
            if not any(word[:1].isupper() and word[1:].islower() for word in written):
                return False
        return not self._unless[number].overlaps(words.line, start, end)

    def _misspelled(self, words: Words) -> Iterator[tuple[int, int, int]]:
        start = self._between.match(words.line).end()  # type: ignore[union-attr]
        word = words.line[start:].split(" ", 1)[0]
        end = start + len(word) + 1
        if self._between.match(words.line, end).end() < len(words.line):  # type: ignore[union-attr]
            return
        for number, rule in self._near:
            if word not in rule.distinct and any(_is_near(word, keyword) for keyword in rule.near):
                yield number, start, end

    def _told(self, text: str, words: Words, found: list[tuple[int, int, int]]) -> PossibleOptOut:
        told = []
        offsets = words.offsets
        for number, begin, end in dict.fromkeys(found):
            first, last = bisect_left(offsets, begin), bisect_left(offsets, end) - 1
            start, stop = words.spans[first][0], words.spans[last][1]
            told.append(Found(self.rules[number].id, text[start:stop], start, stop))
        told.sort(key=lambda each: (each.start, -each.end))
        longest = max(told, key=lambda each: each.end - each.start)
        why = f"“{_shortened(longest.words)}” {self._by_id[longest.rule].reason}."
        return PossibleOptOut(tuple(told), why, self.version)


_AT_START = frozenset({Where.START, Where.MESSAGE})
_MOST_WORDS_OF_A_TYPO = 6
"""With fillers and breaks."""
_LONGEST_SHOWN = 80
_LONGEST_UNLESS = 160
"""Characters of a line."""


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        id=entry["id"],
        language=entry["language"],
        source=entry["source"],
        reason=entry["reason"],
        where=Where(entry.get("where", "anywhere")),
        phrases=tuple(entry.get("phrases", ())),
        unless=tuple(entry.get("unless", ())),
        near=tuple(entry.get("near", ())),
        distinct=frozenset(entry.get("distinct", ())),
        name=entry.get("name", False),
    )


def _placed(pattern: str, where: Where, filler: str) -> str:
    # Possessive, so that no text can make the search slow: fillers and phrases may overlap.
    match where:
        case Where.SENTENCE | Where.END:
            return rf"({pattern})(?:{filler})*+(?={re.escape(BREAK)} |\Z)"
        case Where.MESSAGE:
            return rf"({pattern})(?:{filler}|{pattern}|{re.escape(BREAK)} )*+\Z"
        case _:
            return f"({pattern})"


def _whole(book: Phrasebook, phrases: Iterable[str]) -> tuple[str, ...]:
    """Patterns that find phrases anywhere in a line, but only from the beginning of a word."""
    return tuple(rf"(?<!\S){book.pattern(each)}" for each in phrases)


def _shortened(words: str) -> str:
    shown = " ".join(words.split())
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1].rstrip() + "…"


def _is_near(word: str, keyword: str) -> bool:
    """One typing mistake away, two in a long keyword: a letter wrong, missing, too many, or two swapped."""
    most = 1 if len(keyword) < 8 else 2
    if word == keyword or abs(len(word) - len(keyword)) > most:
        return False
    before: list[int] = []
    row = list(range(len(keyword) + 1))
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(keyword, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == keyword[j - 2] and word[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1] <= most


__all__ = [
    "BUSINESS_DAYS",
    "SERVICE_OPT_IN_WORDS",
    "SERVICE_OPT_OUT_WORDS",
    "Found",
    "PhraseError",
    "PossibleOptOut",
    "Rule",
    "Rules",
    "Where",
    "acted_on_by_service",
    "due_by",
    "judge",
    "rules",
]
