"""Texts that break engines which paste, parse, fold or cut where they should not."""

from __future__ import annotations

from typing import Final

#: The 100 kB token, and one of the greatest length that is kept whole, and one more.
LONG: Final = ("x" * 100_000, "y" * 128, "y" * 129)

#: Text that is legal in documents and queries alike.
TEXTS: Final = (
    # operators of FTS5, tsquery, the query parsers of Lucene and its kin
    "aa AND bb",
    "aa OR NOT bb",
    "NEAR(aa bb, 2)",
    "aa NEAR/3 bb",
    "{title text} : aa",
    "- title : aa",
    "^aa + bb*",
    "aa & !bb | ccc <-> ddd",
    "aa:*",
    "+aa -bb aa~2 aa^4",
    "title:aa AND year:[1 TO 2]",
    "/a.*/ OR _exists_:aa",
    "aa IN [bb ccc]",
    "SELECT * FROM docs; DROP TABLE docs; --",
    # quotes, brackets, escapes, placeholders, wildcards
    "'aa' \"bb\" `ccc`",
    '"',
    "'",
    '""""',
    "((((aa",
    "aa))))",
    "[aa] {bb} <ccc>",
    "aa\\",
    "\\u0000 \\x00 \\n",
    "%s %d {} ${aa} $1 ?1 :aa @aa",
    "aa* *aa ?aa a?a %aa_",
    # control characters, NUL first
    "aa\x00bb",
    "\x00",
    "\x01\x02\x1f aa \x7f\x85",
    "aa\r\nbb\tccc\x0bddd\x0ceeee",
    # scripts, marks, widths, directions
    "\U0001f426 aa \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "e\u0301 \xe9 a\u0308\u0323 \u1e9e \xdf \u0130 \u0131 \ufb01",
    "\u202eaa bb\u202c \u2066ccc\u2069 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u6771\u4eac\u90fd \u0e01\u0e23\u0e38\u0e07\u0e40\u0e17\u0e1e \ud55c\uad6d\uc5b4",
    "\uff41\uff41 \uff22\uff22 \u2460 \u00b2 \u2126 \u212b",
    "a" + "\u0301" * 300,
    "\ufeffaa\ufffe\uffff\U0010ffff",
    "\u200b\u200c\u200d\u2060\xad aa\xadbb",
    # nothing to look for
    "",
    " \t\n",
    "... --- !!! ???",
    # reserved words, names of columns, very many words
    "null none true nan inf rowid rank docid uri title text fields",
    "aa " * 500,
)

#: Text that only a query may be.
QUERIES: Final = ("\ud800", "aa\udfffbb", "\udc00\ud800 aa", *LONG)

#: Words that differ by what engines like to fold away.
KEYWORDS: Final = (
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a b",
    "a,b",
    "a|b",
    'a"b',
    "a'b",
    "a\\b",
    "a%",
    "a_",
    "a*",
    "e\u0301",
    "\xe9",
    "ss",
    "\xdf",
    "z",
    "Z",
    "\uff5e",
    "\U0001f426",
    "null",
    "10",
    "9",
    "x" * 1999,
    "x" * 2000,
)

#: Uris that differ by what engines like to fold away.
URIS: Final = (
    "a",
    "A",
    "a ",
    " a",
    "aa",
    "a/b",
    "a%2Fb",
    "a b",
    "a-b",
    "a*",
    "a%",
    "a_b",
    "'; DROP TABLE docs; --",
    'a"b',
    "e\u0301",
    "\xe9",
    "\U0001f426",
    "\u202ea",
    "1",
    "01",
    "1.0",
    "null",
    "https://example.org/a?b=c&d=[e]#f",
    "x" * 1999,
    "x" * 1999 + "y",
)

#: Names of fields that engines have or cannot spell.
FIELD_NAMES: Final = (
    "uri",
    "title",
    "text",
    "body",
    "id",
    "_id",
    "rowid",
    "rank",
    "key",
    "value",
    "tokens",
    "select",
    "a b",
    "a.b",
    "a",
    "A",
    'a"b',
    "a'b",
    "a:b",
    "a\\b",
    "-a",
    "1",
    "\xe9",
    "\U0001f426",
    "x" * 300,
)
