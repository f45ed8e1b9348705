"""Small inputs with the answers that users expect, on every engine.

They are of the kinds of public bug reports of search software: a single character that decides, a
character within a Chinese word, a word that was typed with or without its accents.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from nuthatch import Document, EntityQuery, LexicalBackend
from support.corpora import DATA

CASES = DATA.parent / "cases" / "answers.jsonl"


@dataclass(frozen=True)
class Case:
    """A query over a few documents, each a uri, a title and a text.

    `first` must come first, with a higher score than the second or alone; none of `not_first` may;
    `found` must be among the hits, `not_found` must not.
    """

    name: str
    analyzer: str
    documents: tuple[tuple[str, str, str], ...]
    query: str | EntityQuery
    first: str | None = None
    not_first: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()

    def faults(self, index: LexicalBackend) -> list[str]:
        """Return what is wrong with the answer of an index made with the case's analyzer."""
        index.add([Document(*values) for values in self.documents])
        hits = index.search(self.query)
        uris = [hit.document_uri for hit in hits]
        best = uris[0] if uris else None
        is_alone = len(hits) < 2 or hits[0].score > hits[1].score
        wrong = {
            f"{self.first} is not first": self.first is not None and self.first != best,
            f"{best} is not alone in front": self.first is not None and not is_alone,
            f"{best} is first": bool(self.not_first) and (best is None or best in self.not_first),
            "some are not found": not set(self.found) <= set(uris),
            "too much is found": bool(set(self.not_found) & set(uris)),
        }
        return [f"{self.name}: {fault}: {uris}" for fault, is_wrong in wrong.items() if is_wrong]


def read_cases() -> list[Case]:
    """Return the cases from beside the repository; none where they are absent."""
    lines = CASES.read_text("utf-8").splitlines() if CASES.is_file() else []
    return [_make_case(json.loads(line)) for line in lines]


def _make_case(row: dict[str, object]) -> Case:
    titles = row.get("titles")
    lists = {name: tuple(row.get(name, ())) for name in ("not_first", "found", "not_found")}  # type: ignore[call-overload]
    return Case(
        name=f"{row['kind']}, {row['name']}",
        analyzer=str(row["analyzer"]),
        documents=tuple(tuple(document) for document in row["documents"]),  # type: ignore[attr-defined]
        query=str(row["query"]) if titles is None else EntityQuery(titles=titles),  # type: ignore[arg-type]
        first=row.get("first"),  # type: ignore[arg-type]
        **lists,
    )


def _decides(analyzer: str, query: str, wanted: str, *others: str) -> Case:
    """Return a case where one text must come before others, however short these are."""
    texts = [*others, wanted, *others]
    documents = tuple((f"d{number}", "", text) for number, text in enumerate(texts))
    return Case(f"{query} ({analyzer})", analyzer, documents, query, first=f"d{len(others)}")


def _meets(analyzer: str, query: str, text: str, other: str = "") -> list[Case]:
    """Return cases where a query finds a text, and the text, as a query, finds the query."""
    return [
        Case(
            f"{needle} finds {stored} ({analyzer})",
            analyzer,
            (("d0", "", stored), ("d1", "", other)),
            needle,
            found=("d0",),
            not_found=("d1",),
        )
        for needle, stored in ((query, text), (text, query))
    ]


SINGLE = [
    _decides("standard", "AT&T", "AT&T phone", "T phone", "At home"),
    _decides("standard", "at&t stock", "the AT&T stock", "the stock"),
    _decides("standard", "R&D budget", "the R&D budget", "the budget", "the R budget"),
    _decides("english", "3.5mm jack", "a jack of 3.5mm", "a jack of 2.5mm"),
    _decides("standard", 'screen 12.9"', 'screen of 12.9"', 'screen of 12.4"'),
    _decides("standard", "C-3PO", "a toy C-3PO", "a toy R-3PO"),
    _decides("standard", "vitamin C", "vitamin C", "vitamin D"),
    _decides("standard", "vitamin A", "vitamin A pills", "vitamin pills"),
    _decides("standard", "plan B", "this is plan B", "plan"),
    _decides("standard", "Plan B.", "this is plan B", "plan"),
    _decides("standard", "I, Robot", "I, Robot", "Robot"),
    _decides("standard", "i, robot", "I, Robot", "Robot"),
    _decides("standard", "USB A", "cable USB A", "cable USB"),
    _decides("standard", "usb-a cable", "cable USB-A", "cable USB"),
    _decides("standard", "part 4-B-17", "part 4-B-17", "part 4-C-17"),
    _decides("standard", "O'Brien", "Conan O'Brien", "Conan Brien"),
    _decides("standard", "24/7", "open 24/7", "open 24/6"),
    _decides("standard", "iPhone 5 S", "iPhone 5 S", "iPhone 5 C"),
    _decides("standard", "Rocky 4", "Rocky 4", "Rocky", "Rocky 3"),
    _decides("english", "type 1 diabetes", "diabetes of type 1", "diabetes of type 2"),
    _decides("greek", "ομάδα Β", "η ομάδα Β", "η ομάδα Γ"),
    _decides("russian", "план Б", "это план Б", "это план В"),
    _decides("french", "vitamine C", "la vitamine C", "la vitamine D"),
    _decides("german", "Vitamin D", "das Vitamin D", "das Vitamin"),
    _decides("vietnamese", "chữ ý", "một chữ ý", "một chữ ỷ"),
]
CHARACTERS = [
    Case(
        f"{character} in {word} ({analyzer})",
        analyzer,
        (("d0", "", word), ("d1", "", other)),
        character,
        found=("d0",),
        not_found=("d1",),
    )
    for analyzer, character, word, other in (
        ("standard", "猫", "黒猫が好き", "犬が好き"),
        ("standard", "山", "富士山に登る", "富士に登る"),
        ("standard", "ガ", "ｶﾞﾗｽ", "グラス"),
        ("standard", "水", "我要喝水了", "我要喝茶了"),
        ("standard", "한", "한국어", "일본어"),
        ("standard", "꽃", "벚꽃놀이", "단풍놀이"),
        ("standard", "ไ", "ไทย", "ลาว"),
        ("standard", "ก", "กินข้าว", "ดื่มน้ำ"),
        ("standard", "ខ", "ខ្មែរ", "ថៃ"),
        ("standard", "ລ", "ລາວ", "ໄທ"),
        ("standard", "မ", "မြန်မာ", "ထိုင်း"),
        ("english", "書", "read 図書館 now", "read 図画 now"),
        ("german", "東", "in 東京", "in 大阪"),
        ("vietnamese", "書", "đọc 図書館", "đọc 図画"),
    )
]
LETTERS = [
    case
    for analyzer, query, text in (
        ("french", "universites", "universités"),
        ("french", "eleve", "élève"),
        ("french", "a la creme brulee", "crème brûlée"),
        ("french", "COEUR", "cœur"),
        ("portuguese", "acoes", "ações"),
        ("portuguese", "informacoes", "informação"),
        ("spanish", "cancion", "canción"),
        ("spanish", "habia", "había"),
        ("italian", "citta", "città"),
        ("catalan", "col.leccio", "col.lecció"),
        ("catalan", "colleccio", "col·lecció"),
        ("romanian", "stiinta", "știință"),
        ("romanian", "ştiinţă", "știință"),
        ("german", "grosse Hauser", "große Häuser"),
        ("swedish", "manniskor", "människor"),
        ("danish", "aeble", "æble"),
        ("norwegian", "bla ol", "blå øl"),
        ("finnish", "paiva", "päivä"),
        ("hungarian", "konyvek", "könyvek"),
        ("polish", "zolty", "żółty"),
        ("czech", "prilis", "příliš"),
        ("lithuanian", "zmones", "žmonės"),
        ("turkish", "isik", "ışık"),
        ("turkish", "DIYARBAKIR", "Diyarbakır"),
        ("standard", "diyarbakir", "DİYARBAKIR"),
        ("greek", "ελλαδα", "Ελλάδα"),
        ("russian", "елка", "ёлка"),
        ("russian", "замок", "за\u0301мок"),
        ("arabic", "قرآن", "بالقرآن"),
        ("arabic", "مدينة", "المدينة"),
        ("arabic", "والكتاب", "كتاب"),
        ("arabic", "احمد", "أحمد"),
        ("standard", "shalom שלום", "שָׁלוֹם shalom"),
        ("hindi", "जिंदगी", "ज़िंदगी"),
        ("serbian", "Београд", "Beograd"),
        ("irish", "udaras", "údarás"),
        ("estonian", "oo", "öö"),
        ("standard", "Lodz", "Łódź"),
        ("standard", "dak hal", "đak ħal"),
        ("standard", "oeuvre", "Œuvre"),
        ("standard", "thor", "Þór"),
        ("standard", "strasse", "Straße"),
        ("standard", "nguyen", "Nguyễn"),
        ("standard", "film", "ﬁlm"),
        ("vietnamese", "hòa bình", "hoà bình"),
        ("vietnamese", "tiê\u0301ng viê\u0323t", "tiếng Việt"),
    )
    for case in _meets(analyzer, query, text)
]
TONES = [
    _decides("vietnamese", "má", "má", "ma", "mà", "mạ"),
    _decides("vietnamese", "đi", "đi", "di"),
    _decides("vietnamese", "in", "in", "ở"),
]
OWN = [*SINGLE, *CHARACTERS, *LETTERS, *TONES]
