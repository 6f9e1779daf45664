"""Notes on a market by where its price goes: up, down or steady."""

from __future__ import annotations

from collections.abc import Mapping

DIRECTION: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "up": {
        "early": {
            "report": (
                "{crop} prices rose at {mandi} on thin arrivals.",
                "Prices of {crop} gained {pct} over the week in {state}.",
                "{crop} climbed to {price} per quintal, helped by mill buying.",
                "Strong demand lifted {crop} at {mandi}.",
                "{crop} advanced for the third day and touched {price}.",
                "A rally in {crop} continued at {mandi} with buyers chasing supplies.",
            ),
            "desk": (
                "We see {crop} higher by {pct} from yesterday at {mandi}.",
                "{crop} jumped after rain delayed the harvest in {state}.",
                "The market for {crop} firmed; sellers hold out for more than {price}.",
                "Better export orders pushed {crop} up at {mandi}.",
                "{crop} recovered its losses and closed higher at {price}.",
                "Short supply drives {crop} upward in {state}.",
            ),
        },
        "traffic": {
            "tape": (
                "{desi} tez, {mandi} {price} pe band, lewal active",
                "{desi} me tezi, {pct} upar, maal kam",
                "{mandi} {desi} garam, bhav {price} paar",
                "aavak ghati to {desi} tez hua {pct}",
            ),
            "wire": (
                "{desi} tezi ke mood me, stockist lewali se bhav bhadka",
                "{mandi} e-NAM {desi} modal {price}, kal se tez",
                "bikwali ruki, {desi} garam, {price} ke upar saude",
                "girawat ka dar khatam, {desi} phir tez {mandi} me",
                "{desi} uchhla {pct}, NCDEX bhi hara",
            ),
        },
        "held": {
            "tape": (
                "{desi} tezi jaari, {mandi} me lewal zyada",
                "{mandi} {desi} {pct} tez, maal ki kami",
                "{desi} garam raha, band {price}",
            ),
            "wire": (
                "stockist lewali, {desi} uchhla {mandi} me",
                "e-NAM {desi} modal tez, {price} paar saude",
                "mandi ka dar nahi, {desi} me tezi {pct}",
            ),
        },
    },
    "down": {
        "early": {
            "report": (
                "{crop} prices fell at {mandi} under heavy arrivals.",
                "Prices of {crop} lost {pct} over the week in {state}.",
                "{crop} slipped to {price} per quintal as mills stayed away.",
                "Weak demand weighed on {crop} at {mandi}.",
                "{crop} declined for the third day and touched {price}.",
                "A slide in {crop} continued at {mandi} with sellers in a hurry.",
            ),
            "desk": (
                "We see {crop} lower by {pct} from yesterday at {mandi}.",
                "{crop} dropped after good rain in {state}.",
                "The market for {crop} softened; buyers bid less than {price}.",
                "Cancelled export orders pushed {crop} down at {mandi}.",
                "{crop} gave back its gains and closed lower at {price}.",
                "Abundant supply drags {crop} downward in {state}.",
            ),
        },
        "traffic": {
            "tape": (
                "{desi} naram, {mandi} {price} pe band, bikwal zyada",
                "{desi} me mandi, {pct} niche, maal bahut",
                "{mandi} {desi} thanda, bhav {price} se neeche",
                "aavak badhi to {desi} toota {pct}",
            ),
            "wire": (
                "{desi} girawat ke mood me, stockist bikwali se bhav phisla",
                "{mandi} e-NAM {desi} modal {price}, kal se naram",
                "lewali ruki, {desi} thanda, {price} ke neeche saude",
                "tezi ki umeed khatam, {desi} phir toota {mandi} me",
                "{desi} phisla {pct}, NCDEX bhi lal",
            ),
        },
        "held": {
            "tape": (
                "{desi} girawat jaari, {mandi} me bikwal zyada",
                "{mandi} {desi} {pct} naram, maal ki bharmar",
                "{desi} thanda raha, band {price}",
            ),
            "wire": (
                "stockist bikwali, {desi} phisla {mandi} me",
                "e-NAM {desi} modal naram, {price} se neeche saude",
                "tezi nahi tiki, {desi} toota {pct}",
            ),
        },
    },
    "steady": {
        "early": {
            "report": (
                "{crop} prices were unchanged at {mandi} in quiet trade.",
                "Prices of {crop} held around {price} all week in {state}.",
                "{crop} stayed at {price} per quintal as mills bought little.",
                "Balanced demand and supply kept {crop} stable at {mandi}.",
                "{crop} moved in a narrow range near {price}.",
                "There was no change in {crop} at {mandi} for the third day.",
            ),
            "desk": (
                "We see {crop} flat from yesterday at {mandi}.",
                "{crop} was steady although rain was forecast in {state}.",
                "The market for {crop} was calm; deals went through at {price}.",
                "Export orders matched arrivals, so {crop} held its level at {mandi}.",
                "{crop} closed where it opened, at {price}.",
                "Supply is normal and {crop} remains stable in {state}.",
            ),
        },
        "traffic": {
            "tape": (
                "{desi} sthir, {mandi} {price} pe band, kaam kam",
                "{desi} me khas badlav nahi, {mandi} {price}",
                "{mandi} {desi} sust, bhav {price} pe hi tika",
                "aavak barabar, {desi} bhav wahi ka wahi",
            ),
            "wire": (
                "{desi} range me, lewal bikwal dono thande, tika {price}",
                "{mandi} e-NAM {desi} modal {price}, kal jitna hi",
                "na tezi na mandi, {desi} {price} pe saude",
                "tezi ki afwah thi par {desi} sthir hi raha {mandi} me",
                "{desi} me halchal nahi, NCDEX bhi sapat",
            ),
        },
        "held": {
            "tape": (
                "{desi} sthir raha, {mandi} me kaam kam",
                "{mandi} {desi} wahi bhav, {price} pe tika",
                "{desi} me badlav nahi, band {price}",
            ),
            "wire": (
                "lewal bikwal dono sust, {desi} sthir {mandi} me",
                "e-NAM {desi} modal kal jitna, {price} pe saude",
                "na tezi na girawat, {desi} sapat",
            ),
        },
    },
}
"""Wordings by label, part (early, traffic, held) and family."""
