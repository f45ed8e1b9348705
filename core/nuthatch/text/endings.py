"""Endings: the accents that a stemmer looks for, put back where they were not typed.

    informacao, informação  ──►  informacao  ──►  informação  ──► Snowball ──►  inform
          as typed                 folded           spelt                        the stem

A stemmer knows the endings of its language by their accents: it takes `ação` off, and leaves
`acao`. A word is folded first, so that it is one word however it was typed, and gets the accents of
its ending back: those that most words with that ending have.

Each list holds endings as they are spelt, those without an accent too where a shorter ending would
bring one. The longest that fits counts. They were drawn from the 40,000 most frequent words of each
language: every ending up to six letters that brings noticeably more of the stems of the words as
spelt (`benchmarks/endings.py`). A language that is not listed needs none: its stemmer does as well
on folded words.
"""

from __future__ import annotations

from functools import cache

from nuthatch.text.fold import FOLDING

_LISTS = {
    "catalan": """
        ça ícia licia ància òria talá nllà ístic rquè íem prén ó do eo ho lo elló so to xo
        éixer ícies àncies òries ravés iós llós òsit
    """,
    "czech": """
        číná míná odiče těte žete ách pěch ích ejich ašich ých ybych pěči zemí ími omí ými
        tí lověk ám znam gram ětem ím ům ium zkum trum ým oveň mín ého seho ího rát brat
        írat esát očet ému ímu žimu činů ý činy
    """,
    "french": """
        jà oilà ée ifié itié ère té nte ste yé ccès ées fiés ères près ités yés èrent
    """,
    "hungarian": """
        éka salád grád őbe vésbé éke őre ssé tővé míg éki dák ják kák ónak sták tták zzák
        adék ándék alék őnek aték ették iók elők etők ezők ékkal nál nnal onal ztivál óval
        nél nnel ővel ól őből nám nyám zám onóm ánban óban ján óan őben ején ően éppen szín
        ódon ö co oo épp át hat ijat kat iókat mat jét őket smét ténet ránt ént dent óként
        lent ment ódot iót ékot lót rót etőt zót aért éért iért zért szert
    """,
    "italian": """
        derà rerà terà irà icità ilità vità
    """,
    "lithuanian": """
        čia škią žią ėja ėtoja šką dėta ač ėje čioje žioje škę kėlė čiame ėjome ęsė cesę
        čiuose umėte eitę ėjote čiai žiai ėjai ėtojai škai nį čiasi ėnesį ėjosi ėjusi ėti
        aktį škinti čiuoti pręsti čiui žiui dėl čiam čio škio žio ėjo ško čias ąsias ėjas
        ėtojas škas dėtas ėjęs mės čiais žiais škis ėmis ėtis ietis čiams ėjams nėms tėms
        čios žios ėjos škos čiaus čius žius ėjus iejus čiant žiant čiau žiau ėjau ių čiu
        škiu ysiu žių ėjų iejų veju ėtojų ųjų čiųjų šku ėtų ietų netų tetų
    """,
    "polish": """
        ą ąca łacą racą ła hwilą ć ąc ęć umieć mnieć zieć ść ące lace race nięcie jęcie ście
        oszę ących ącej ł jął nął konał znał łam łem łabym łbym ącym ącego ło ś łaś łeś ów
        łaby łby łoby ący racy ły śmy
    """,
    "portuguese": """
        uída guida ância ência iária nária itária ãe ável ível bém abem guém eguem ão ção
        uído guido uídas ências árias ães ocês ções uguês ravés áveis íamos
    """,
    "romanian": """
        că țiunea ția ră mpăra eață fața nță ză ând land ție țiile ățile țiune ște ției
        tății eții iții nții uții țiuni și ți tati ietăți ști mântul țiilor nților mânt ându
    """,
    "russian": """
        айте й ли ми йшего айт йших йся
    """,
    "spanish": """
        abía ecía olicía ndía fía gía omía enía ría aria staría oria yoría tria tía uía
        odavía enderá irá uí ían ncian drán irán bién ibió eció cedió ndió tió uió olvió
        fías gías erías demás nterés pués áis éis ábamos íamos
    """,
    "turkish": """
        kça ınca ğda ğımda ında ğında ğunda ğa ğla ıyla ğıyla ızla ına ğına ğuna ışa ıza hçe
        kçe ğimde ümde ğinde ünde ğünde üzde ğe ğiyle öyle üme ğine üne öre üre üze ağ açı
        aldı andı ardı aydı azdı ği ağı ajı ındaki ündeki alı amı ğımı anı ğını asını pı arı
        ası atı aktı ltı antı ptı aştı attı ayı azı ğımızı ğınızı rtık kşam andım ardım ğım
        anım attım ayım ğüm ından ğından ğundan ümden ğinden ünden üzden ükten ğın lgin ngın
        rgin ygin zgin amın anın acının ğinin ağının amının nının arının asının arın ıların
        masın aksın arsın azsın ltın öğün uğun ğunun ılar ırlar ışlar ızlar ükler ümler
        ünler ürler şler üler özler adır alıdır asıdır andır ardır atır aktır ştir ştur ş
        almış nmış enmiş pmış armış aşmış atmış ğdu ğu ğumu ğunu ğız eğiz ğımız anız ğınız
        arız aşız ayız ğümüz ğünüz
    """,
}


@cache
def endings(language: str) -> dict[str, str]:
    """Return the endings of a language as they are spelt, by how they are folded."""
    return {FOLDING.line(ending): ending for ending in _LISTS.get(language, "").split()}


def spelt(word: str, endings: dict[str, str], longest: int) -> str:
    """Return a folded word with the accents that its ending usually has."""
    for size in range(min(longest, len(word) - 1), 0, -1):
        ending = endings.get(word[-size:])
        if ending is not None:
            return word[:-size] + ending
    return word
