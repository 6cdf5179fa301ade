"""A small language for phrases, and a text of a customer's as the words they are looked for in.

A phrase is words with single spaces between them, in which

===============  ================================================================
``stop|quit``    one of these words; groups may be among them
``(please)``     these words or none
``<me>``         any phrase of the group of that name
``_``            any word
``..``           up to four words of the same sentence
===============  ================================================================

Case, accents, apostrophes, signs, emoji, invisible characters, letters that are drawn out (``stooop``) or
spaced (``s t o p``) and known spellings make no difference, in a phrase as in a text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

BREAK = "."
"""Stands between two sentences."""

LONGEST = 10_000
"""Characters of a text that are looked at. No text message is nearly as long."""

_WORD = rf"(?!{re.escape(BREAK)} )\S+ "
_GAP = rf"(?:{_WORD}){{0,4}}?"
_MOST_KNOWN = 5_000
"""Words that are remembered with what they say: people use the same ones again and again."""
_LONGEST_KNOWN = 30

_ASCII_TOKEN = re.compile(r"\w+(?:['*@$]+\w+)*|[.!?;\n\r]+|(?<=\s)-+(?=\s)|\#(?!\w)")
"""The same as the reader's own, for most texts."""
_SPACED = re.compile(r"(?<![\w'])[^\W\d_](?:[ .*,-]{1,2}[^\W\d_](?![\w'])){2,}")
_FEWEST_SPACED = 3
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")

_DRAWN_OUT = re.compile(r"([^\W\d])\1\1+")
_ITEM = re.compile(r"\(([^()]*)\)|(\.\.)|(\S+)")
_GROUP = re.compile(r"<([\w-]+)>")


class PhraseError(ValueError):
    """A phrase that is not written in the language above."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words, each with the place where it stands."""

    words: tuple[str, ...]
    """Folded words, and ``BREAK`` between sentences."""
    spans: tuple[tuple[int, int], ...]
    """Where each stands in the text. One that was written as one word may stand for several."""
    line: str
    """All words, each followed by a space: what patterns are matched against."""

    @property
    def offsets(self) -> list[int]:
        """Where in ``line`` each begins."""
        return [0, *accumulate(len(word) + 1 for word in self.words[:-1])] if self.words else []


class _Folding(dict[int, str | None]):
    """What each character is looked at as: always exactly one, so that places stay the same."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] == "M" or category == "Cf":
            folded = "_"  # belongs to the word around it and says nothing
        elif category == "Pd":
            folded = "-"
        else:
            plain = unicodedata.normalize("NFKD", character).casefold()
            plain = "".join(each for each in plain if not unicodedata.combining(each))
            folded = plain if len(plain) == 1 else character
        self[code] = folded
        return folded


_FOLDING = _Folding({ord("_"): " ", **dict.fromkeys(map(ord, "’‘ʼ´`"), "'")})


class Reader:
    """Reads texts, knowing other spellings of words and signs that stand for words."""

    def __init__(self, spellings: Mapping[str, str], signs: Mapping[str, str]) -> None:
        self._spellings = dict(spellings)
        self._signs = dict(signs)
        self._known: dict[str, tuple[str, ...]] = {}
        pictures = "".join(re.escape(sign) for sign in signs if sign != "#")
        self._token = re.compile(
            r"[^\W\u3400-\u9fff]+(?:['*@$]+[^\W\u3400-\u9fff]+)*|[.!?;\n\r…。]+|(?<=\s)-+(?=\s)"
            rf"|[\u3400-\u9fff]|\#(?!\w)|[{pictures}]"
        )

    def read(self, text: str) -> Words:
        """The words of a text; of any ``str``, in time proportional to its length."""
        text = text[:LONGEST]
        if text.isascii():
            folded, token = text.lower().replace("_", " "), _ASCII_TOKEN
        else:
            folded, token = text.translate(_FOLDING), self._token
        read = self._read(folded, token)
        if sum(map(_LETTERS.__contains__, read.words)) >= _FEWEST_SPACED:
            # Each word of one letter is joined with its neighbours, and what joins them blotted out.
            read = self._read(_SPACED.sub(_joined, folded), token)
        return read

    def _read(self, folded: str, token: re.Pattern[str]) -> Words:
        known = self._known
        words: list[str] = []
        spans: list[tuple[int, int]] = []
        for found in token.finditer(folded):
            read = known.get(found[0])
            if read is None:
                read = self._said(found[0])
            if len(read) == 1:
                if read[0] == BREAK and (not words or words[-1] == BREAK):
                    continue
                words.append(read[0])
                spans.append(found.span())
            else:
                words += read
                spans += [found.span()] * len(read)
        line = " ".join(words) + " " if words else ""
        return Words(tuple(words), tuple(spans), line)

    def _said(self, token: str) -> tuple[str, ...]:
        """The words that a token says: none, one or several."""
        if token in self._signs:
            word = self._signs[token]
        elif token[0].isalnum() or token[0] == "_":
            word = _plain(token)
        else:
            return (BREAK,)
        read = tuple(self._spellings.get(word, word).split())
        if len(self._known) < _MOST_KNOWN and len(token) < _LONGEST_KNOWN:
            self._known[token] = read
        return read


def _plain(token: str) -> str:
    """The word without signs; nothing of one that hides some of its letters (``f***ing``)."""
    word = token
    if not word.isalnum():
        if any(sign in word for sign in "*@$"):
            return ""
        word = word.replace("'", "").replace("_", "")
    return _DRAWN_OUT.sub(r"\1", word) if len(word) > 3 else word


def _joined(spaced: re.Match[str]) -> str:
    """``s.t.o.p`` as one word of the same length: what stands between the letters becomes part of it."""
    return re.sub(r"[^\w]", "_", spaced[0])


class Phrasebook:
    """Turns phrases into patterns for ``Words.line``."""

    def __init__(self, reader: Reader, groups: Mapping[str, list[str]]) -> None:
        self._reader = reader
        self._groups = groups
        self._made: dict[str, tuple[str, set[str]]] = {}

    def pattern(self, phrase: str) -> str:
        """The pattern of a phrase: of whole words, the last with the space after it.

        Raises:
            PhraseError: it is not written as a phrase.
        """
        return "".join(pattern for pattern, _, _ in self._items(phrase))

    def first_words(self, phrase: str) -> set[str]:
        """The words with one of which the phrase begins.

        Raises:
            PhraseError: it need not begin with any particular word.
        """
        first: set[str] = set()
        for _, words, required in self._items(phrase):
            first |= words
            if required and words:
                return first
            if not words:
                break
        raise PhraseError(f"the phrase “{phrase}” does not begin with a word")

    def _items(self, phrase: str) -> Iterator[tuple[str, set[str], bool]]:
        """Each item's pattern, the words it may begin with (none: any), and whether it must be there."""
        for optional, gap, item in _ITEM.findall(phrase):
            if gap:
                yield _GAP, set(), True
            elif item == "_":
                yield _WORD, set(), True
            elif optional:
                open_ended = optional[0] in "._"
                first = set() if open_ended else self.first_words(optional)
                yield f"(?:{self.pattern(optional)})?", first, False
            else:
                yield self._alternatives(item, phrase)

    def _alternatives(self, item: str, phrase: str) -> tuple[str, set[str], bool]:
        patterns: list[str] = []
        first: set[str] = set()
        for each in item.split("|"):
            group = _GROUP.fullmatch(each)
            if group:
                pattern, words = self._group(group[1])
                patterns.append(pattern)
                first |= words
                continue
            line = self._reader.read(each).line
            if not line:
                raise PhraseError(f"“{each}” of the phrase “{phrase}” is no word")
            patterns.append(re.escape(line))
            first.add(line.split()[0])
        return _either(patterns), first, True

    def _group(self, name: str) -> tuple[str, set[str]]:
        if name not in self._made:
            if name not in self._groups:
                raise PhraseError(f"there is no group “{name}”")
            phrases = self._groups[name]
            first = set().union(*map(self.first_words, phrases))
            self._made[name] = _either([self.pattern(each) for each in phrases]), first
        return self._made[name]


def _either(patterns: list[str]) -> str:
    """A pattern of any of these; the longer ones are tried first."""
    longest_first = sorted(set(patterns), key=lambda each: (-len(each), each))
    return longest_first[0] if len(longest_first) == 1 else f"(?:{'|'.join(longest_first)})"
