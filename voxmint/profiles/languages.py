"""ISO 639-1: the two-letter codes of languages, and what people write instead."""

from types import MappingProxyType

CODES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln
    lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi
    pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
    tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """.split()
)

# Countries taken for languages, three-letter codes (ISO 639-2 and 639-3) and English names.
_MEANT = MappingProxyType(
    {
        "jp": "ja", "jpn": "ja", "japanese": "ja",
        "cn": "zh", "chi": "zh", "zho": "zh", "cmn": "zh", "chinese": "zh", "mandarin": "zh",
        "kp": "ko", "kor": "ko", "korean": "ko",
        "us": "en", "gb": "en", "eng": "en", "english": "en",
        "ger": "de", "deu": "de", "at": "de", "german": "de", "deutsch": "de",
        "fre": "fr", "fra": "fr", "french": "fr",
        "spa": "es", "mx": "es", "spanish": "es",
        "por": "pt", "brazilian": "pt", "portuguese": "pt",
        "ita": "it", "italian": "it",
        "dut": "nl", "nld": "nl", "dutch": "nl",
        "dk": "da", "dan": "da", "danish": "da",
        "swe": "sv", "swedish": "sv",
        "nor": "no", "nob": "nb", "nno": "nn", "norwegian": "no",
        "fin": "fi", "finnish": "fi",
        "cz": "cs", "cze": "cs", "ces": "cs", "czech": "cs",
        "pol": "pl", "polish": "pl",
        "ua": "uk", "ukr": "uk", "ukrainian": "uk",
        "rus": "ru", "russian": "ru",
        "gr": "el", "gre": "el", "ell": "el", "greek": "el",
        "tur": "tr", "turkish": "tr",
        "ara": "ar", "arabic": "ar",
        "heb": "he", "iw": "he", "hebrew": "he",
        "hin": "hi", "hindi": "hi",
        "vn": "vi", "vie": "vi", "vietnamese": "vi",
        "tha": "th", "thai": "th",
        "ind": "id", "in": "id", "indonesian": "id",
        "hun": "hu", "hungarian": "hu",
        "rum": "ro", "ron": "ro", "romanian": "ro",
        "cat": "ca", "catalan": "ca",
    }
)  # fmt: skip


def meant(text: str) -> str | None:
    """The code that was probably meant: `jp` → `ja`, `eng` → `en`, `en-US` → `en`."""
    folded = text.casefold().replace("_", "-")
    base = folded.split("-")[0]
    for word in (folded, base):
        if word in CODES:
            return word
        if word in _MEANT:
            return _MEANT[word]
    return None
