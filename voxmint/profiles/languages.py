"""ISO 639-1: the two-letter codes of languages, and what people write instead."""

from collections.abc import Mapping
from functools import cache

_LANGUAGES = """
aa aar afar
ab abk abkhazian abkhaz
ae ave avestan
af afr afrikaans
ak aka akan
am amh amharic
an arg aragonese
ar ara arabic
as asm assamese
av ava avaric
ay aym aymara
az aze azerbaijani
ba bak bashkir
be bel belarusian
bg bul bulgarian
bh bih bihari
bi bis bislama
bm bam bambara
bn ben bengali
bo bod tib tibetan
br bre breton
bs bos bosnian
ca cat catalan català valencian
ce che chechen
ch cha chamorro
co cos corsican
cr cre cree
cs ces cze czech čeština
cu chu church-slavic
cv chv chuvash
cy cym wel welsh cymraeg
da dan danish dansk
de deu ger german deutsch gsw
dv div divehi dhivehi
dz dzo dzongkha
ee ewe ewe
el ell gre greek modern-greek ellinika
en eng english
eo epo esperanto
es spa spanish español espanol castilian
et est estonian eesti
eu eus baq basque euskara
fa fas per persian farsi
ff ful fulah
fi fin finnish suomi
fj fij fijian
fo fao faroese
fr fra fre french français francais
fy fry western-frisian frisian
ga gle irish gaeilge
gd gla scottish-gaelic gaelic
gl glg galician
gn grn guarani
gu guj gujarati
gv glv manx
ha hau hausa
he heb hebrew
hi hin hindi
ho hmo hiri-motu
hr hrv croatian hrvatski
ht hat haitian haitian-creole
hu hun hungarian magyar
hy hye arm armenian
hz her herero
ia ina interlingua
id ind indonesian
ie ile interlingue
ig ibo igbo
ii iii sichuan-yi
ik ipk inupiaq
io ido ido
is isl ice icelandic íslenska
it ita italian italiano
iu iku inuktitut
ja jpn japanese jap
jv jav javanese
ka kat geo georgian
kg kon kongo
ki kik kikuyu
kj kua kuanyama
kk kaz kazakh
kl kal kalaallisut greenlandic
km khm khmer
kn kan kannada
ko kor korean
kr kau kanuri
ks kas kashmiri
ku kur kurdish
kv kom komi
kw cor cornish
ky kir kirghiz kyrgyz
la lat latin
lb ltz luxembourgish
lg lug ganda
li lim limburgan limburgish
ln lin lingala
lo lao lao
lt lit lithuanian
lu lub luba-katanga
lv lav latvian
mg mlg malagasy
mh mah marshallese
mi mri mao maori
mk mkd mac macedonian
ml mal malayalam
mn mon mongolian
mr mar marathi
ms msa may malay melayu
mt mlt maltese
my mya bur burmese
na nau nauru
nb nob norwegian-bokmål bokmål bokmal
nd nde north-ndebele
ne nep nepali
ng ndo ndonga
nl nld dut dutch nederlands flemish
nn nno norwegian-nynorsk nynorsk
no nor norwegian norsk
nr nbl south-ndebele
nv nav navajo
ny nya chichewa nyanja
oc oci occitan
oj oji ojibwa
om orm oromo
or ori oriya odia
os oss ossetian
pa pan panjabi punjabi
pi pli pali
pl pol polish polski
ps pus pushto pashto
pt por portuguese português portugues brazilian
qu que quechua
rm roh romansh
rn run rundi kirundi
ro ron rum romanian moldavian
ru rus russian
rw kin kinyarwanda
sa san sanskrit
sc srd sardinian
sd snd sindhi
se sme northern-sami
sg sag sango
si sin sinhala sinhalese
sk slk slo slovak slovenčina
sl slv slovenian slovene
sm smo samoan
sn sna shona
so som somali
sq sqi alb albanian
sr srp serbian
ss ssw swati
st sot southern-sotho sotho
su sun sundanese
sv swe swedish svenska
sw swa swahili kiswahili
ta tam tamil
te tel telugu
tg tgk tajik
th tha thai
ti tir tigrinya
tk tuk turkmen
tl tgl tagalog filipino fil
tn tsn tswana
to ton tonga tongan
tr tur turkish türkçe
ts tso tsonga
tt tat tatar
tw twi twi
ty tah tahitian
ug uig uighur uyghur
uk ukr ukrainian
ur urd urdu
uz uzb uzbek
ve ven venda
vi vie vietnamese
vo vol volapük
wa wln walloon
wo wol wolof
xh xho xhosa
yi yid yiddish
yo yor yoruba
za zha zhuang
zh zho chi chinese mandarin cantonese cmn yue
zu zul zulu
"""
"""Each language on a line: its code, its codes of three letters, and its names."""

_COUNTRIES = """
al: sq   at: de   au: en   bd: bn   cl: es   cn: zh   cz: cs   dk: da   eg: ar   gb: en
ge: ka   gr: el   hk: zh   il: he   ir: fa   jp: ja   kp: ko   kz: kk   lk: si   mx: es   np: ne
nz: en   ph: tl   pk: ur   rs: sr   sp: es   ua: uk   us: en   vn: vi
in: id   iw: he   ji: yi   jw: jv   mo: ro   sh: sr
"""
"""Countries that are taken for languages, and in the last line codes that were withdrawn."""

CODES = frozenset(line.split(" ", 1)[0] for line in _LANGUAGES.split("\n") if line)


@cache
def _meant() -> Mapping[str, str]:
    """The code for each other way to write a language."""
    pairs = [pair.split(": ") for line in _COUNTRIES.split("\n") for pair in line.split("   ")]
    ways = {pair[0]: pair[1] for pair in pairs if len(pair) > 1}
    for line in filter(None, _LANGUAGES.split("\n")):
        code, *others = line.split(" ")
        ways |= dict.fromkeys(others, code)
    return ways


DETECTED = frozenset("any auto autodetect automatic default detect mul multi none und".split())
"""What people write, in small letters, for no language in particular."""


def meant(text: str) -> str | None:
    """The code that was probably meant: `jp` → `ja`, `eng` → `en`, `en-US` → `en`."""
    folded = text.strip().casefold().replace("_", "-").replace(" ", "-")
    ways = _meant()
    for word in (folded, folded.split("-")[0]):
        if word in CODES:
            return word
        if word in ways:
            return ways[word]
    return None
