"""Everyday words of trade questions, as data: which say nothing that decides an answer, and which say the same thing.

Whatever is not in here is taken for a name, a place or a fact: an unknown word can only make two questions differ.
"""

from __future__ import annotations

_IDLE = (
    "a an the this that these those it its is are be being am do does doing "
    "i me my mine we us our ours you of in at on for as about "
    "and so please kindly tell say show let know want would like go goes "
    "what whats which there here hello hi hey dear sir madam thanks thank help think thinking see look looking "
    "currently now just really actually basically also very quite some any such "
    "have has idea view opinion question quick quickly briefly "
    "है हैं हो का की के में पर और यह वह ये वे क्या कृपया मुझे मेरा मेरी मेरे हम हमें आप बताएं बताइए बताओ भी "
    "आहे आहेत चा ची चे मध्ये आणि हे ते काय मला माझा माझी सांगा"
)
IDLE: frozenset[str] = frozenset(_IDLE.split())

SAME: dict[str, str] = {
    word: meaning
    for meaning, words in {
        "price": "price prices rate rates quote quotes quoted priced pricing भाव दाम कीमत किंमत दर",
        "fair": "fair reasonable sensible justified okay ok acceptable उचित ठीक योग्य वाजवी",
        "good": "good great attractive favourable favorable अच्छा चांगला",
        "buy": "buy buying bought purchase purchasing purchased procure procuring procured खरीदना खरीद खरीदूं खरेदी",
        "sell": "sell selling sold offload offloading offloaded बेचना बेच बेचूं विक्री",
        "offer": "offer offers", "deal": "deal deals trade trades transaction transactions सौदा सौदे",
        "lot": "lot lots consignment consignments batch batches parcel",
        "analyse": "analyse analyze analysis assess assessment evaluate evaluation review reviewing judge judging check checking विश्लेषण जांच",
        "risk": "risk risks risky जोखिम",
        "summarise": "summarise summarize summary summarised summarized",
        "classify": "classify classification categorise categorize label",
        "contract": "contract contracts agreement agreements",
        "market": "market markets mandi mandis yard apmc मंडी बाजार",
        "quality": "quality qualities grade grades गुणवत्ता",
        "amount": "quantity quantities volume volumes मात्रा",
        "forecast": "forecast forecasts predict prediction predicted outlook expected expect expecting अनुमान",
        "wait": "wait waiting hold holding रुकूं रुकना",
        "rise": "rise rises rising rose increase increases increasing up बढ़ेगा बढ़ना",
        "fall": "fall falls falling fell drop drops dropping decrease decreases decreasing decline declines down गिरेगा घटना",
        "above": "above over exceed exceeds exceeding higher greater more dearer costlier ज्यादा अधिक",
        "below": "below under lower less fewer cheaper कम",
        "most": "most maximum max highest upto",
        "least": "least minimum min lowest",
        "best": "best", "worst": "worst",
        "without": "without बिना", "not": "not no never none neither nor cannot isnt dont doesnt didnt wont shouldnt cant couldnt wouldnt arent "
        "wasnt avoid नहीं ना मत न नाही नको",
        "than": "than versus vs compared",
        "but": "but however though although लेकिन पण", "instead": "instead rather",
        "except": "except excluding besides", "unless": "unless", "only": "only केवल सिर्फ ही फक्त",
        "if": "if whether अगर यदि जर", "when": "when कब जब", "before": "before", "after": "after", "until": "until till",
        "from": "from से", "to": "to को ला", "by": "by", "with": "with",
        "or": "or either या किंवा",
        "past": "was were did done been had got था थी थे होता", "future": "will shall going होगा होगी",
        "should": "should must ought चाहिए", "can": "can could may might",
        "why": "why reason reasons क्यों",
        "how": "how कैसे कसे", "who": "who whom whose कौन कोण", "where": "where कहां कुठे",
    }.items()
    for word in words.split()
}  # fmt: skip
"""Meaning by word."""

_BINDING = (
    "not without than but instead except unless only if when before after until from to by with or how most least "
    "rise fall above below"
)
BINDING: frozenset[str] = frozenset(_BINDING.split())
"""Meanings that say something about the words beside them: with one of these the order of everything counts."""

COMMODITIES: dict[str, str] = {
    word: name
    for name, words in {
        "cotton": "cotton kapas lint कपास कापूस", "soybean": "soybean soyabean soybeans soya soy सोयाबीन सोया",
        "tur": "tur arhar toor तुअर अरहर तूर", "chana": "chana chickpea चना हरभरा", "moong": "moong mung मूंग मूग",
        "urad": "urad उड़द उडीद", "masur": "masur masoor lentil मसूर", "wheat": "wheat gehu गेहूं गेहूँ गहू",
        "paddy": "paddy धान", "rice": "rice चावल तांदूळ", "maize": "maize corn मक्का मका", "bajra": "bajra बाजरा बाजरी",
        "jowar": "jowar sorghum ज्वार ज्वारी", "groundnut": "groundnut groundnuts मूंगफली भुईमूग",
        "mustard": "mustard rapeseed सरसों मोहरी", "cumin": "cumin jeera जीरा जिरे", "turmeric": "turmeric haldi हल्दी हळद",
        "onion": "onion onions प्याज कांदा", "potato": "potato potatoes आलू बटाटा", "sugar": "sugar चीनी साखर",
    }.items()
    for word in words.split()
}  # fmt: skip
"""Commodity by one of its names; serving may give more."""

# May is more often a verb: its dates stay a number beside that word, which is enough to tell them apart
_MONTHS = (
    (1, "january jan"), (2, "february feb"), (3, "march mar"), (4, "april apr"), (6, "june jun"), (7, "july jul"),
    (8, "august aug"), (9, "september sep sept"), (10, "october oct"), (11, "november nov"), (12, "december dec"),
)  # fmt: skip
MONTHS: dict[str, int] = {name: number for number, names in _MONTHS for name in names.split()}

SCALES: dict[str, float] = {
    "thousand": 1e3, "hazar": 1e3, "k": 1e3, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "crore": 1e7, "crores": 1e7, "million": 1e6,
    "हजार": 1e3, "लाख": 1e5, "करोड़": 1e7,
}  # fmt: skip
RUPEE_WORDS: frozenset[str] = frozenset({"₹", "inr", "rs", "rs.", "rupee", "rupees", "रुपये", "रुपए"})
DOLLAR_WORDS: frozenset[str] = frozenset({"$", "usd", "dollar", "dollars"})
PERCENT_WORDS: frozenset[str] = frozenset({"%", "percent", "pct", "प्रतिशत", "टक्के"})
MASS_WORDS: dict[str, str] = {"क्विंटल": "quintal", "टन": "tonne", "किलो": "kg", "kilo": "kg", "kilos": "kg"}
