"""Complaints about quality by how serious they are: minor (keep it), serious (a deduction), reject (send it back)."""

from __future__ import annotations

from collections.abc import Mapping

SEVERITY: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "minor": {
        "early": {
            "plain": (
                "A few bags of the {crop} were torn, but the goods are fine.",
                "The colour of lot {lot} is slightly dull; otherwise no problem.",
                "There was a little dust on the {crop} from {mandi}.",
                "Moisture is a touch above what we like, still acceptable.",
                "Small complaint: the labels on deal {deal} were missing.",
                "We noticed some chaff in {qty} of {crop}, nothing to worry about.",
            ),
            "letter": (
                "For your information only: the bags of lot {lot} were loosely stitched.",
                "We accept deal {deal} and merely note a faint smell that went away.",
                "The {crop} is within the limits, though a bit less clean than last time.",
                "Kindly pack better next time; the {crop} itself is good.",
                "A slight variation in size was seen in lot {lot}; we shall use it as it is.",
                "Please note a small shortage of polish on the {crop}; no claim is made.",
            ),
        },
        "traffic": {
            "chat": (
                "thoda sa kachra hai {desi} me, chalega",
                "2-4 bori phati thi {lot}, maal theek hai",
                "halki si nami hai bhai, koi dikkat nahi",
                "rang thoda feeka {desi} ka, adjust kar lenge",
                "silai dhili thi bori ki, bas agli baar dhyan rakhna",
            ),
            "enam": (
                "e-NAM sample se thoda alag par chalega {lot}",
                "assaying me halka antar, koi claim nahi {deal}",
                "thoda sa dhala, katauti ki zarurat nahi",
                "reject karne jaisa nahi, halki mitti hai {desi} me",
            ),
        },
        "held": {
            "chat": (
                "halka kachra {desi} me, adjust ho jayega",
                "thodi bori phati {deal}, maal sahi hai, chalega",
                "rang halka feeka, koi dikkat nahi {lot}",
            ),
            "enam": (
                "assaying se thoda antar, chalega {lot}",
                "halki nami par claim nahi karenge {desi}",
                "wapas nahi bhejna, bas silai dhili thi {deal}",
            ),
        },
    },
    "serious": {
        "early": {
            "plain": (
                "The moisture of lot {lot} is {pct}; we want a deduction.",
                "Half of the {crop} is one grade lower than agreed.",
                "Foreign matter is far above the limit and we ask for a lower price.",
                "The {crop} of deal {deal} is damp and must be dried at your cost.",
                "We have to claim compensation for poor quality in {qty} of {crop}.",
                "Many grains are broken; please reduce the invoice of deal {deal}.",
            ),
            "letter": (
                "We lodge a formal claim on lot {lot}, whose grade is below the contract.",
                "Kindly issue a credit note for the inferior {crop} from {mandi}.",
                "The goods can be used only after cleaning; we shall deduct {amount}.",
                "Our inspection found {measure}, which calls for a rebate.",
                "Please bear the cost of sorting {qty} of {crop} of mixed quality.",
                "This is a serious shortfall in quality, and a discount is required on deal {deal}.",
            ),
        },
        "traffic": {
            "chat": (
                "nami {pct} hai {desi} me, katauti lagegi",
                "aadha maal halka grade nikla {lot}, rate kam karo",
                "kachra bahut zyada, katauti kaat ke paisa denge",
                "dana toota hua {desi} ka, bhav me farak dena padega",
                "sukhane ka kharcha aapka, maal geela hai {deal}",
            ),
            "enam": (
                "assaying me grade ek neeche aaya {lot}, claim dalna hai",
                "dhala limit se upar, katauti {amount} banegi",
                "credit note do {deal} ka, maal milawat wala tha thoda",
                "wapas nahi bhej rahe par katauti pakki, {desi} chhan ke lena pada",
            ),
        },
        "held": {
            "chat": (
                "nami zyada {lot}, katauti kaatenge {amount}",
                "grade neeche nikla {desi}, rate kam karo bhai",
                "chhanai ka kharcha aapka, kachra zyada {deal}",
            ),
            "enam": (
                "claim dalna hai {lot} pe, assaying me dhala upar",
                "credit note chahiye {deal}, dana toota nikla",
                "chalega nahi aise, bhav me farak do {desi} ka, katauti {pct}",
            ),
        },
    },
    "reject": {
        "early": {
            "plain": (
                "The {crop} is rotten and we send lot {lot} back.",
                "Live insects were found in the {crop}; we refuse it.",
                "This is not {crop} at all. Take it back.",
                "The whole truck of deal {deal} was rejected at the gate.",
                "The {crop} is mouldy and unfit for use; we will not unload it.",
                "We cancel deal {deal}, because the goods are adulterated.",
            ),
            "letter": (
                "We hereby reject lot {lot} in full and ask you to collect it.",
                "Kindly arrange the return of {qty} of {crop}, which is unfit for the mill.",
                "The food inspector condemned the {crop} from {mandi}; it must go back.",
                "We refuse acceptance of deal {deal}: a toxin was found above the legal limit.",
                "None of the {crop} can be used, and we demand a full refund of {amount}.",
                "Stones and chemicals were mixed into lot {lot}; the consignment is returned.",
            ),
        },
        "traffic": {
            "chat": (
                "{desi} sada hua hai, gaadi wapas bhej rahe",
                "keede nikle {lot} me, maal nahi lenge",
                "fafundi lagi hai {desi} me, wapas le jao",
                "poora maal kharab {deal}, sauda cancel",
                "milawat pakdi gayi, gaadi gate se wapas",
            ),
            "enam": (
                "assaying me fail {lot}, maal wapas uthao",
                "aflatoxin nikla {desi} me, lot cancel karo",
                "badbu aa rahi sade maal ki, unloading nahi hogi {deal}",
                "katauti se kaam nahi chalega, poora {desi} wapas, paisa lautao",
            ),
        },
        "held": {
            "chat": (
                "keede hi keede {desi} me, gaadi wapas",
                "sada maal bheja {lot}, sauda cancel",
                "fafundi wala {desi} nahi lenge, uthao",
            ),
            "enam": (
                "assaying fail, aflatoxin, {lot} wapas uthao",
                "milawat nikli {deal}, lot cancel, paisa lautao",
                "thoda nahi poora kharab {desi}, unloading nahi hogi",
            ),
        },
    },
}
"""Wordings by label, part (early, traffic, held) and family."""
