"""Messages of traders on delivery, payment, fraud, partners and the rest; the later ones are of people who write on the phone and mix languages."""

from __future__ import annotations

from collections.abc import Mapping

DEALS: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "delivery": {
        "early": {
            "plain": (
                "Where is the truck with lot {lot}?",
                "The delivery of {qty} of {crop} is {days} days late.",
                "When will my {crop} reach {mandi}?",
                "Can you move the delivery date of deal {deal}?",
                "The lorry has not arrived at {mandi} yet.",
                "Who arranges transport for {qty} of {crop}?",
            ),
            "letter": (
                "Kindly confirm the dispatch of deal {deal} to {mandi}.",
                "We await the consignment of {qty} of {crop} from {firm}.",
                "Please inform us of the expected date of arrival of lot {lot}.",
                "Our warehouse is closed on the day of delivery; please reschedule deal {deal}.",
                "Request you to trace the shipment booked from {mandi}.",
                "The goods under deal {deal} were unloaded at the wrong warehouse.",
            ),
        },
        "traffic": {
            "chat": (
                "gaadi kaha hai bhai, {lot} ka maal nahi pahucha",
                "{mandi} se gaadi nikli ya nahi, {deal}",
                "maal kab tak pahuchega, {days} din ho gaye",
                "driver phone nahi utha raha, gaadi {mandi} pe atki hai kya",
                "unloading ke liye line lagi hai, {qty} maal kab khali hoga",
            ),
            "enam": (
                "e-way bill bana diya, gaadi kab lagegi {mandi}",
                "LR copy bhejo {deal} ka, transport wale ne kuch nahi bataya",
                "loading ho gayi kya {qty} ki, gate pass kab milega",
                "bhav final, payment done, ab gaadi kab bhejoge {deal}",
            ),
        },
        "held": {
            "chat": (
                "gaadi aaj pahuchegi kya {mandi}, {deal}",
                "maal nahi pahucha abhi tak, gaadi number do",
                "driver bol raha kal aayega, {lot} urgent hai",
            ),
            "enam": (
                "gate pass nahi mila, gaadi bahar khadi {mandi}",
                "LR aur e-way bill ready, loading kab karoge {qty}",
                "quality pass ho gayi, gaadi kab niklegi {deal}",
            ),
        },
    },
    "payment": {
        "early": {
            "plain": (
                "I have not been paid for deal {deal}.",
                "When is the payment of {amount} due?",
                "Can I get credit for {days} days on {qty} of {crop}?",
                "The buyer {firm} still owes me {amount}.",
                "Please send the invoice for deal {deal}.",
                "How do I settle the balance of {amount}?",
            ),
            "letter": (
                "Kindly release the outstanding amount of {amount} against deal {deal}.",
                "We have transferred {amount}; please acknowledge the receipt.",
                "Please revise the payment terms of deal {deal} to {days} days.",
                "Our accounts department asks for a statement of dues with {firm}.",
                "Request you to explain the deduction of {amount} from our settlement.",
                "The advance for {qty} of {crop} has not been credited to our account.",
            ),
        },
        "traffic": {
            "chat": (
                "paisa nahi aaya abhi tak {deal} ka",
                "{amount} baki hai, kab tak daloge",
                "UTR bhejo bhai, khate me kuch dikh nahi raha",
                "{days} din ka udhaar milega kya {firm} se",
                "maal utar gaya, bhav bhi tay tha, paisa kab milega",
            ),
            "enam": (
                "eNAM settlement pending dikha raha {deal}, {amount} ka",
                "RTGS kiya {amount}, UTR share kar diya, confirm karo",
                "challan ban gaya par paisa hold pe hai kyu",
                "quality ki katauti ke baad net paisa kitna banega {deal}",
            ),
        },
        "held": {
            "chat": (
                "{firm} paisa nahi de raha, {amount} baki",
                "khate me paisa kab aayega {deal} ka",
                "udhaar {days} din ka khatam, ab paisa do",
            ),
            "enam": (
                "e-NAM settlement ka UTR nahi mila {deal}",
                "RTGS fail ho gaya {amount} ka, dobara karo",
                "delivery ho gayi, challan bhi, paisa hold kyu",
            ),
        },
    },
    "fraud": {
        "early": {
            "plain": (
                "The supplier {firm} asks me to pay into a different account. Is this a fraud?",
                "I think the weighbridge slip of deal {deal} is forged.",
                "Someone sold me {crop} that does not exist.",
                "Two invoices carry the same number. Is that suspicious?",
                "The certificate of lot {lot} looks fake.",
                "This buyer seems to be a cheat. Can you check {firm}?",
            ),
            "letter": (
                "Kindly investigate deal {deal}, as the documents do not agree.",
                "We suspect that {firm} trades with itself through another name.",
                "Please check whether the account named on the invoice belongs to {firm}.",
                "Our auditor found the same vehicle on two papers of one hour.",
                "Request you to block {firm} until the forged papers are explained.",
                "The price of {price} is so low that we fear a swindle.",
            ),
        },
        "traffic": {
            "chat": (
                "ye party farzi lag rahi hai, {firm} check karo",
                "parchi nakli hai {deal} ki, kanta match nahi karta",
                "account badal ke paisa mang raha {firm}, gadbad hai kya",
                "dhokha ho gaya bhai, {qty} maal gayab",
                "bhav itna sasta {price}, kahi farzi to nahi",
            ),
            "enam": (
                "e-NAM pe same lot do baar becha {firm} ne, scam hai",
                "nakli e-way bill dikha ke gaadi nikal di, report karo",
                "OTP mang raha payment ke naam pe, farzi call hai kya",
                "assay certificate nakli nikla {lot} ka, grade bhi jhootha",
            ),
        },
        "held": {
            "chat": (
                "farzi party hai kya {firm}, paisa pehle mang raha",
                "kanta parchi nakli lag rahi {lot}",
                "gadbad hai, account naam alag hai {firm} ka",
            ),
            "enam": (
                "nakli challan bheja {deal}, scam lag raha",
                "e-NAM id farzi hai kya is party ki, {firm}",
                "gaadi aayi hi nahi, e-way bill nakli, dhokha hua",
            ),
        },
    },
    "matching": {
        "early": {
            "plain": (
                "Who sells {qty} of {crop} near {mandi}?",
                "Find me a buyer for {qty} of {crop}.",
                "Are there open offers of {crop} below {price}?",
                "I need grade {grade} {crop} within {days} days. Any sellers?",
                "Which supplier can deliver {crop} to {mandi}?",
                "Is anyone looking to buy {crop} in {state}?",
            ),
            "letter": (
                "Kindly suggest suitable counterparties for {qty} of {crop}.",
                "We look for a reliable seller of {crop}, grade {grade}, around {mandi}.",
                "Please list the available offers of {crop} up to {price}.",
                "Our mill requires {qty} of {crop}; who could supply it?",
                "Request you to introduce us to buyers of {crop} in {state}.",
                "Please match our requirement of {qty} with open offers.",
            ),
        },
        "traffic": {
            "chat": (
                "koi party hai jo {qty} {desi} le le",
                "{desi} chahiye {qty}, kiske paas maal hai {mandi} side",
                "lewal batao {desi} ka, {state} me",
                "bechwal dhundo {desi} grade {grade}, {price} tak",
                "accha dalal ya party batao {mandi} me {desi} ke liye",
            ),
            "enam": (
                "eNAM pe {desi} ke open lots dikhao {price} tak",
                "mera {qty} {desi} list karo, lewal milega kya",
                "mill ko {qty} chahiye, party match karo grade {grade}",
                "bhav {price} tak chalega, bas party pakki ho {desi} ki",
            ),
        },
        "held": {
            "chat": (
                "{desi} ka lewal dhundo {qty} ke liye",
                "koi bechwal hai {mandi} ke paas, {desi} grade {grade}",
                "party batao jo {desi} turant uthaye",
            ),
            "enam": (
                "e-NAM pe open lots {desi} ke, {mandi} wale dikhao",
                "mera requirement {qty} match karo kisi party se",
                "payment advance de denge, bas bechwal milao {desi} ka",
            ),
        },
    },
    "other": {
        "early": {
            "plain": (
                "How do I change my password?",
                "Good morning to the whole team.",
                "Can I use this service in Gujarati?",
                "What are your office hours?",
                "Please add a second user to our account.",
                "The page does not load on my computer.",
            ),
            "letter": (
                "Kindly arrange a training session for our new staff.",
                "We wish you a happy new year.",
                "Please remove my name from the mailing list.",
                "Our office has moved; where do I update the address?",
                "Request you to send the user manual.",
                "Who is the person in charge of our account?",
            ),
        },
        "traffic": {
            "chat": (
                "app nahi chal raha, login fail",
                "ram ram bhai, kaise ho",
                "password bhool gaya, reset karo",
                "Diwali ki shubhkamnaye sabko",
                "hindi me app kaise kare, setting batao",
            ),
            "enam": (
                "e-NAM registration kaise kare naye user ka",
                "KYC pending dikha raha app me, kya karu",
                "app me notification band karo, bahut aate hai",
                "bhav wala page khulta hi nahi, app update karu kya",
            ),
        },
        "held": {
            "chat": (
                "app login nahi ho raha, OTP nahi aaya",
                "namaste ji, sab badhiya?",
                "helpline number kya hai app ka",
            ),
            "enam": (
                "KYC ke liye kaunse kagaz chahiye app me",
                "naya user add kaise kare app me",
                "app me payment ka screen kaise khole, setting nahi milti",
            ),
        },
    },
}
"""Wordings by label, part (early, traffic, held) and family."""
