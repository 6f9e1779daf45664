"""How traders begin and end, what they say of an answer, and the words of their trade."""

from __future__ import annotations

from collections.abc import Mapping

DESI: Mapping[str, tuple[str, ...]] = {
    "cotton": ("kapas", "narma", "rui"),
    "soybean": ("soya", "soyabean", "pili soya"),
    "tur": ("arhar", "toor", "tuar"),
    "wheat": ("gehun", "kanak", "sharbati"),
    "maize": ("makka", "makki", "bhutta"),
    "iron_ore": ("loha patthar", "ore fines", "ayask"),
}
"""What people on the phone call a commodity."""
INDIC: Mapping[str, Mapping[str, str]] = {
    "hi": {"cotton": "कपास", "soybean": "सोयाबीन", "tur": "अरहर", "wheat": "गेहूं", "maize": "मक्का", "iron_ore": "लौह अयस्क"},
    "ta": {"cotton": "பருத்தி", "soybean": "சோயாபீன்", "tur": "துவரை", "wheat": "கோதுமை", "maize": "மக்காச்சோளம்",
           "iron_ore": "இரும்புத் தாது"},
}  # fmt: skip
MEASURES: tuple[str, ...] = (
    "{a} % moisture", "moisture of {a} %", "foreign matter {b} %", "{b} % foreign matter", "{a} % moisture and {b} % foreign matter",
)  # fmt: skip
OPENERS: Mapping[str, tuple[str, ...]] = {
    "early": ("Good morning.", "Dear team,", "Hello,", "Respected sir,", "Good afternoon,", "Greetings from our office."),
    "later": ("bhai", "hi", "seth ji", "arre suno", "namaste ji", "yaar", "boss", "ok"),
}  # fmt: skip
CLOSERS: Mapping[str, tuple[str, ...]] = {
    "early": ("Please reply soon.", "Thank you in advance.", "Kind regards.", "We wait for your answer.", "Please advise.", "Much obliged."),
    "later": ("jaldi batao", "pls", "urgent hai", "ok?", "reply karo", "bata dena", "asap", "thx"),
}  # fmt: skip
TONES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "worried": {
        "early": ("I am very worried.", "We fear a loss.", "This makes us anxious.", "I cannot sleep over this."),
        "later": ("tension ho rahi hai", "dar lag raha hai nuksan ka", "bahut chinta hai", "ghabrahat ho rahi"),
    },
    "frustrated": {
        "early": ("I have asked this three times already.", "Nobody ever answers me.", "Again the same trouble.", "I am tired of waiting."),
        "later": ("kitni baar puchu", "koi jawab hi nahi deta", "thak gaya hu puch puch ke", "phir wahi jhanjhat"),
    },
    "angry": {
        "early": ("This is an outrage!", "I will not put up with this!", "You are cheating us!", "Shame on you!"),
        "later": ("hadd ho gayi, bakwas service", "chor ho tum log!", "dimag kharab mat karo", "sharam karo!"),
    },
    "pleased": {
        "early": ("Your last advice was excellent.", "We are very happy with you.", "The last deal went very well.", "I enjoy working with you."),
        "later": ("pichhla deal mast gaya", "aap log badhiya ho", "maza aa gaya last time", "ekdum khush hu"),
    },
}  # fmt: skip
COMMENTS: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("positive", "pleased"): {
        "early": ("Excellent, exactly what I needed.", "Very helpful, thank you so much.", "Great answer, it saved me a trip.", "Perfect. I am very happy with this.",
                  "Wonderful, the figure was spot on.", "I love how clear this is."),
        "later": ("mast jawab, maza aa gaya", "ekdum sahi bhai, bahut khush", "badhiya, time bach gaya", "waah kya baat hai", "super, dil khush kar diya", "zabardast, shukriya"),
        "held": ("ekdum mast, khush ho gaya", "waah badhiya jawab", "Superb, this made my day.", "maza aa gaya, zabardast"),
    },
    ("positive", "calm"): {
        "early": ("Correct.", "This answers my question.", "Right, as I expected.", "Good enough for my purpose.", "The answer is clear and complete.", "Agrees with what I know."),
        "later": ("sahi hai", "theek jawab", "haan yahi chahiye tha", "ok sahi bataya", "samajh gaya, theek", "match ho gaya mere hisaab se"),
        "held": ("haan sahi hai", "theek bataya", "Fine, that is correct.", "samajh gaya, sahi"),
    },
    ("neutral", "calm"): {
        "early": ("I have no opinion yet.", "Noted.", "I will check this with my partner.", "It could be shorter.", "Average answer.", "I asked only to test the system."),
        "later": ("dekhte hai", "check karke batata hu", "chalega", "thoda lamba hai", "noted bhai", "baad me dekhunga"),
        "held": ("dekhunga baad me", "Noted, will check.", "chalega, thoda chhota likho", "check karta hu"),
    },
    ("negative", "calm"): {
        "early": ("This is not correct.", "The figure is wrong.", "That was not my question.", "Incomplete answer.", "The unit is not the one I asked for.", "It is about another market."),
        "later": ("galat hai", "ye wala nahi pucha tha", "bhav galat mandi ka hai", "adhura jawab", "unit galat lagaya", "purana rate diya"),
        "held": ("galat bataya", "adhura hai, kuch aur pucha tha", "Not right, other market.", "purana bhav diya hai"),
    },
    ("negative", "worried"): {
        "early": ("I am worried that I would have lost money with this.", "If this is wrong, we are in trouble.", "I fear to rely on such an answer.",
                  "This makes me anxious about the deal."),
        "later": ("isse to nuksan ho jata, dar lag raha", "tension de diya is jawab ne", "bharosa kaise karu, chinta hai", "paisa doob jata bhai"),
        "held": ("dar lag raha is jawab se", "I worry we could lose money over this.", "chinta ho rahi, nuksan na ho"),
    },
    ("negative", "frustrated"): {
        "early": ("Again a useless answer. I am tired of this.", "I have explained it three times and still get this.", "What a waste of time.", "Always the same mistake!"),
        "later": ("phir se galat, thak gaya", "kitni baar samjhau", "time waste kar diya", "har baar yahi bakwaas"),
        "held": ("phir wahi galti, thak gaya", "Such a waste of time, again.", "kitni baar bolu"),
    },
    ("negative", "angry"): {
        "early": ("This is rubbish! Shame on you!", "Are you making fun of me?", "I will complain to your boss about this nonsense!", "Outrageous. You cost me money!"),
        "later": ("bakwas! dimag kharab kar diya", "mazak chal raha hai kya", "band karo ye app, chor hai", "sharam karo, paisa dubaya"),
        "held": ("bakwas app, sharam karo", "Nonsense! Are you joking?", "dimag mat kharab karo"),
    },
}  # fmt: skip
"""What is said of an answer, by sentiment and emotion and part."""
LEADS: tuple[str, ...] = (
    "",
    "",
    "",
    "Certainly. ",
    "By the rules of the desk: ",
    "In short: ",
    "As far as the models tell: ",
    "Sure. ",
)
TAILS: tuple[str, ...] = (
    "", "", "", " Write again if you need more.", " Tell me if you want the details.", " I hope this helps.", " Please check it with your own books.",
)  # fmt: skip
REFUSALS: tuple[str, ...] = (
    "I am sorry, I cannot say anything about this.", "I do not know. Please ask somebody at the desk.", "I have no information that answers this question.",
    "I cannot help with that.",
)  # fmt: skip
RAMBLES: tuple[str, ...] = (
    "This is a very interesting question, and many people ask it. Markets are influenced by many things: the weather, the policy of the government, the mood of traders, "
    "the season, transport, storage, exports and imports, and much more. One should always look at all of them together, and decide with care, since every deal is different "
    "and nothing can be said in general.",
    "There are several ways to look at this. On the one hand there are those who would act at once; on the other hand there are those who would wait. Both have good reasons. "
    "It depends on your situation, your storage, your money and your nerves, and you should think about it thoroughly before you come to a decision of your own.",
)  # fmt: skip
TOO_SHORT: tuple[str, ...] = ("Yes.", "It depends.", "No idea.", "See the report.", "As usual.")
