"""Stop words: the function words of a question, which say how it asks and not what about.

They are left out of queries only, never out of an index, and a query made of nothing else keeps
them. Surface forms, judged before stemming (`does` is one, whatever its stem is); a list holds
each word both as it is spelt and folded. Short on purpose: articles, pronouns, prepositions,
conjunctions, auxiliaries, question words. Words that are often names or nouns too are left out
(`us`, `may`). A language that is not listed has none: BM25's idf does most of the work anyway.
"""

from __future__ import annotations

from functools import cache

from nuthatch.text.fold import FOLDING

_REFERENCE = """
    the a an is are was were be been being of to in on at for with by from as about into through
    during and or but not no nor so yet too very also just what who where when why how which this
    that these those such i you he she it we they me him her us them do does did have has had can
    could should would will may might tell show describe explain summarize say give list find make
    please all there know everything anything something one some another without soon currently
"""
#: Those of the reference algorithm, which `ascii` follows: these and no others.
REFERENCE = frozenset(_REFERENCE.split())

_LISTS = {
    "english": """
        a an the this that these those
        who whom whose what which when where why how whether
        i me my you your he him his she her it its we our they them their there here
        am is are was were be been being do does did doing done has have had having
        can could shall should will would might must
        isn aren wasn weren doesn didn hasn haven hadn couldn shouldn wouldn
        of in on at by for from to into onto with within without about against between among
        through during before after above below over under upon up down out off per via as
        and or but nor if then than so because while until though although
        not no any some such each every all both either neither only own same too very also just
        more most other another many much
    """,
    "german": """
        der die das den dem des ein eine einer einem einen eines dieser diese dieses diesem diesen
        wer wen wem wessen was welche welcher welches welchem welchen wann wo wohin woher warum
        weshalb wieso wie wieviel wieviele womit wofür
        ich du er sie es wir ihr mich mir dich dir ihn ihm ihnen uns euch sich sein seine seiner
        seinem seinen ihre ihrer ihrem ihren
        ist sind war waren bin bist sei wird werden wurde wurden worden hat haben hatte hatten
        kann können konnte konnten soll sollte muss müssen
        in im an am auf aus bei beim bis durch für gegen mit nach ohne seit über um unter von vom
        vor während zu zum zur zwischen
        und oder aber denn wenn als ob dass daß weil so auch nicht noch nur schon sehr es man da
    """,
    "french": """
        le la les un une des du de au aux ce cet cette ces
        qui que quoi quel quelle quels quelles quand où comment pourquoi combien lequel laquelle
        lesquels lesquelles dont
        je tu il elle on nous vous ils elles me te se lui leur leurs mon ma mes ton ta tes son sa
        ses notre nos votre vos en
        est sont était étaient été être fut furent suis es sommes êtes ont avait avaient avoir eu
        peut peuvent
        dans par pour sur sous avec sans entre vers chez depuis pendant
        et ou mais si ne pas plus comme aussi qu cela ça
    """,
    "spanish": """
        el la los las un una unos unas lo al del este esta estos estas ese esa esos esas aquel
        quién quiénes qué cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas quien quienes
        que cual cuales cuando donde como cuanto
        yo tú él ella nosotros ellos ellas usted ustedes me te se le les nos su sus mi mis tu tus
        es son era eran fue fueron ser sido está están estaba estaban ha han había habían hay haber
        puede pueden
        de en por para con sin sobre entre desde hasta a ante bajo según durante
        y e o u pero si no ni más muy también ya porque pues
    """,
    "italian": """
        il lo la i gli le un uno una del dello della dei degli delle al allo alla ai agli alle dal
        dallo dalla dai dagli dalle nel nello nella nei negli nelle sul sullo sulla sui sugli sulle
        chi che cosa quale quali quando dove come perché quanto quanta quanti quante cui
        io tu lui lei noi voi loro mi ti si ci vi ne suo sua suoi sue questo questa questi queste
        quello quella quelli quelle
        è sono era erano fu furono essere stato stata stati state ha hanno aveva avevano avere può
        di a da in con su per tra fra
        e ed o od ma se non più anche come
    """,
    "portuguese": """
        o a os as um uma uns umas do da dos das no na nos nas ao à aos às pelo pela pelos pelas
        este esta estes estas esse essa esses essas isso isto aquele aquela
        quem que qual quais quando onde como porque porquê quanto quanta quantos quantas
        eu tu ele ela nós eles elas você vocês me te se lhe lhes seu sua seus suas
        é são era eram foi foram ser sido está estão estava tem têm tinha tinham ter há havia pode
        de em por para com sem sobre entre desde até
        e ou mas não mais muito também já
    """,
    "dutch": """
        de het een deze dit die dat wie wat welk welke wanneer waar waarom hoe hoeveel waarin
        waarmee waarvan
        ik jij je hij zij ze wij we jullie u hem haar hun hen mij me zich zijn mijn ons onze
        is was waren ben bent wordt worden werd werden heeft hebben had hadden kan kunnen kon zou
        van in op te aan met voor door bij uit naar over om tot tussen onder tegen na
        en of maar als dan er niet ook nog zo er
    """,
    "swedish": """
        en ett den det de denna detta dessa vem vems vad vilken vilket vilka när var vart varför hur
        jag du han hon vi ni dem honom henne mig dig sig sin sitt sina hans hennes deras min din
        är vara varit blev blir bli har hade ha kan kunde ska skulle
        i på av för från till med om vid under över mellan efter utan genom hos mot
        och eller men att som så inte också än där då
    """,
    "danish": """
        en et den det de denne dette disse hvem hvis hvad hvilken hvilket hvilke hvornår hvor
        hvorfor hvordan
        jeg du han hun vi dem ham hende mig dig sig sin sit sine hans hendes deres min din
        er var være været blev bliver blive har havde have kan kunne skal skulle
        i på af for fra til med om ved under over mellem efter uden gennem hos mod
        og eller men at som så ikke også end der da
    """,
    "norwegian": """
        en et ei den det de denne dette disse hvem hva hvilken hvilket hvilke når hvor hvorfor
        hvordan
        jeg du han hun vi dere dem ham henne meg deg seg sin sitt sine hans hennes deres min din
        er var være vært ble blir bli har hadde ha kan kunne skal skulle
        i på av for fra til med om ved under over mellom etter uten gjennom hos mot
        og eller men at som så ikke også enn der da
    """,
    "finnish": """
        kuka kenen ketä kenelle mikä mitkä minkä mitä missä mistä mihin millä miltä mille milloin
        miksi miten kuinka montako kumpi
        minä sinä hän me te he se ne tämä nämä tuo nuo sen sitä niiden hänen
        on ovat oli olivat ole olla ollut olleet voi voivat
        ja tai vai mutta että jos kun kuin myös ei eivät
    """,
    "russian": """
        кто кого кому кем что чего чему чем какой какая какое какие каких каком какого какую какими
        который которая которое которые которых которого где куда откуда когда почему зачем как
        сколько чей чья чьи ли
        я ты он она оно мы вы они меня тебя его её ему ей нас вас их им себя свой своя свои это
        этот эта эти этого этой этом тот та те
        был была было были быть есть является являются
        в во на с со к ко по из за от до для о об у при над под между через без
        и а но или же бы не ни да то так если чтобы
    """,
    "turkish": """
        kim kimin kime kimi ne neyi nedir nasıl neden niçin niye nerede nereye nereden hangi hangisi
        kaç kaçta
        ben sen o biz siz onlar bu şu bunlar şunlar onun bunun
        mı mi mu mü mıdır midir mudur müdür mıydı miydi
        ve veya ya da de ile ki için gibi ama fakat ancak ise çok daha en bir
        dır dir dur dür tır tir olan olarak idi
    """,
    "arabic": """
        من ما ماذا متى أين كيف لماذا كم هل أي أية لمن بم مما عما
        هو هي هم هن أنا نحن أنت أنتم هذا هذه ذلك تلك هؤلاء الذي التي الذين اللذان
        كان كانت كانوا يكون تكون
        في على إلى عن مع بين عند منذ حتى خلال
        و أو ثم لكن أن إن إذا لا لم لن قد كما
    """,
    "hungarian": """
        a az egy ez ezek azok ki kik kit kinek kié mi mit mik minek mely melyik melyek melyiket
        mikor hol hova honnan miért hogyan hogy hány mennyi milyen
        én te ő mi ti ők
        van vannak volt voltak lesz lett
        és vagy de ha nem is meg csak már még mint
    """,
    "romanian": """
        un o unui unei niște al ai ale cel cea cei cele acest această acești aceste
        cine ce care cărui cărei când unde cum câte cât câți câtă
        eu tu el ea noi voi ei ele îl îi își se lui lor său sa săi sale
        este e sunt era erau fost fi au avea avut poate pot
        de la în din pe cu pentru prin fără sub între spre după până
        și sau dar dacă nu mai că să
    """,
}


@cache
def stopwords(language: str) -> frozenset[str]:
    """Return the stop words of a Snowball language, spelt and folded; empty where none is kept."""
    spelt = _LISTS.get(language, "").split()
    return frozenset(word for word in spelt if word.isalnum()) | frozenset(
        FOLDING.line(word) for word in spelt if word.isalnum()
    )


def languages() -> tuple[str, ...]:
    """Return the languages that have a list."""
    return tuple(sorted(_LISTS))
