"""Messages of traders on price, demand and quality; the later ones are of people who write on the phone and mix languages."""

from __future__ import annotations

from collections.abc import Mapping

GOODS: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "price": {
        "early": {
            "plain": (
                "What is the price of {crop} at {mandi} today?",
                "Please tell me the rate for {crop} in {mandi}.",
                "How much does a quintal of {crop} fetch in {mandi} now?",
                "I was offered {price} for {crop}. Is that a fair price?",
                "Will the price of {crop} rise in the next {days} days?",
                "What was the modal price of {crop} in {mandi} yesterday?",
            ),
            "letter": (
                "Kindly share your price view on {crop} for the coming {days} days at {mandi}.",
                "We would like to know at what rate {crop} is trading in {state}.",
                "Our board wants a fair value for {qty} of {crop} lying at {mandi}.",
                "Please confirm whether {price} per quintal is in line with the market for {crop}.",
                "Request you to quote the present price of {crop}, grade {grade}.",
                "How far has {crop} moved in price since last week at {mandi}?",
            ),
        },
        "traffic": {
            "chat": (
                "{desi} ka bhav kya hai {mandi} me aaj",
                "{mandi} mandi bhav {desi} pls, modal wala",
                "bhai {desi} {price} mil raha, lena chahiye ya ruk jau",
                "{desi} bhav upar jayega kya agle {days} din me",
                "aaj ka taza bhav bhejo {desi} {mandi}, kal wala purana tha",
            ),
            "enam": (
                "eNAM bid on my {desi} closed at {price}, bhav theek laga kya",
                "e-NAM modal vs local bhav for {desi}, gap kitna hai {mandi} me",
                "reserve bhav kitna rakhu e-NAM pe for {qty} {desi}",
                "truck loaded, payment clear, bas final bhav bata do {desi} ka",
            ),
        },
        "held": {
            "chat": (
                "{desi} bhav batao {mandi} ka jaldi",
                "kal ke muqable {desi} ka bhav gira ya badha {mandi} me",
                "{price} bhav sahi hai kya {desi} ke liye bhai",
            ),
            "enam": (
                "e-NAM pe {desi} ka modal bhav kitna chal raha {mandi} me",
                "opening bid kya dalu {desi} {qty}, bhav ka idea do",
                "gaadi ready hai, {desi} ka aaj ka bhav kya loge",
            ),
        },
    },
    "demand": {
        "early": {
            "plain": (
                "How many tonnes of {crop} will arrive in {state} this month?",
                "Are arrivals of {crop} at {mandi} going up?",
                "Is there enough demand for {crop} in {mandi}?",
                "How busy will the {mandi} market be in the next {days} days?",
                "When do arrivals of {crop} reach their peak?",
                "Arrivals of {crop} look thin at {mandi}. Will they recover?",
            ),
            "letter": (
                "Kindly send the arrivals forecast of {crop} for {state}, {days} days ahead.",
                "We plan our storage and need expected arrivals of {crop} at {mandi}.",
                "Please advise on the demand outlook for {crop} this season.",
                "Our mill would like an estimate of the volume of {crop} coming to {state}.",
                "Request you to share how arrivals compare with last year for {crop}.",
                "How much stock of {crop} do you expect to reach {mandi} by month end?",
            ),
        },
        "traffic": {
            "chat": (
                "{desi} ki aavak kitni hai {mandi} me",
                "aavak badhegi ya ghategi agle {days} din {desi}",
                "{mandi} me bori kitni aa rahi roz, {desi} ki",
                "season ki peak aavak kab aayegi {desi} ki",
                "aavak kam hai isliye bhav tez, kab tak aisa rahega {desi} maal",
            ),
            "enam": (
                "eNAM gate entry dekh ke lagta aavak kam, {desi} ka forecast do",
                "kitne bags ki aavak expect kare {mandi} next {days} days",
                "uthav kaisa hai {desi} ka, mill wale kharid rahe ya nahi",
                "quality theek, rate theek, par maal ki aavak hi nahi {mandi} me, kab aayegi",
            ),
        },
        "held": {
            "chat": (
                "aaj {mandi} me {desi} ki kitni aavak hui",
                "agle {days} din {desi} ki aavak ka andaza do",
                "bori count kitna rahega {mandi} me {desi}",
            ),
            "enam": (
                "e-NAM gate entry ke hisab se {desi} aavak kab badhegi",
                "uthav slow hai kya {desi} ka {state} me",
                "price ko chhodo, {desi} ki aavak batao {days} din ki",
            ),
        },
    },
    "quality": {
        "early": {
            "plain": (
                "What grade would {crop} with {measure} get?",
                "The moisture of lot {lot} is too high. What now?",
                "Why was my {crop} given grade {grade}?",
                "Can you check the assay of lot {lot}?",
                "How much foreign matter is allowed in {crop}?",
                "The sample from {mandi} does not look like grade {grade}.",
            ),
            "letter": (
                "Kindly let us know the quality parameters for grade {grade} {crop}.",
                "We received {qty} of {crop} and the inspection differs from the certificate.",
                "Please arrange a second inspection of lot {lot}.",
                "Our laboratory measured {measure} and we ask for a new grading.",
                "Request you to explain the deduction in quality for {crop} of {mandi}.",
                "The colour and cleanliness of the {crop} are below what was agreed.",
            ),
        },
        "traffic": {
            "chat": (
                "maal me nami zyada hai {desi}, grade kya milega",
                "{desi} ka sample dekho, kachra bahut hai",
                "nami {pct} aayi, katauti kitni lagegi",
                "lab report alag aur mandi ka grade alag, {lot} dobara check karao",
                "dana chhota hai {desi} ka, kaunsa grade banega",
            ),
            "enam": (
                "eNAM assaying me {measure} aaya, grade {grade} kyu diya",
                "assaying lab ka result galat lag raha {lot}, re-assay chahiye",
                "dhala zyada nikla {desi} me, bhav wahi par katauti ho gayi",
                "gaadi time pe aayi par maal geela tha, nami check karo {lot}",
            ),
        },
        "held": {
            "chat": (
                "{desi} me nami kitni chalegi grade {grade} ke liye",
                "kachra nikla maal me {lot}, grade kam hoga kya",
                "sample aur maal match nahi karta, nami alag hai",
            ),
            "enam": (
                "e-NAM assaying me nami galat likhi {lot}",
                "re-assay kaise karau {desi} ka, dhala zyada dikhaya",
                "katauti {pct} kati nami ke naam pe, sahi hai kya",
            ),
        },
    },
}
"""Wordings by label, part (early, traffic, held) and family."""
