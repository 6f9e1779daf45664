"""Questions whose answer needs figures that the models found: by kind, part and family."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A kind of question about figures.

    Attributes
    ----------
    model : str
        Whose finding holds the answer: price, demand, quality, fraud or matching; it is also the intent.
    early, traffic, held : tuple of str
        Wordings by part.
    """

    name: str
    model: str
    early: tuple[str, ...]
    traffic: tuple[str, ...]
    held: tuple[str, ...]
    kind: str = "question"
    language: str = "en"


FIGURE_KINDS: tuple[FigureKind, ...] = (
    FigureKind(
        "price_point", "price",
        ("What is the price of {crop} in {mandi}?", "Price of {crop} at {mandi} today, please.", "How much is {crop} per quintal in {mandi}?",
         "Tell me the expected price for {crop} at {mandi}.", "At what price does {crop} trade in {mandi}?"),
        ("{desi} bhav {mandi} aaj", "{mandi} me {desi} kya bhav chal raha", "{desi} ka rate do {mandi} wala", "aaj {mandi} {desi} kitne ka hai"),
        ("{desi} bhav kya hai {mandi} me", "{mandi} {desi} aaj ka rate batao"),
    ),
    FigureKind(
        "price_range", "price",
        ("Between which prices should {crop} lie in {mandi}?", "Give me the 95 % range for {crop} at {mandi}.", "How low and how high can {crop} go in {mandi} now?",
         "What are the bounds of the price of {crop} at {mandi}?", "What range of prices do you expect for {crop} in {mandi}?"),
        ("{desi} range do {mandi} ki, upar neeche", "{mandi} me {desi} kam se kam aur zyada se zyada kitna", "{desi} ka range kya rahega {mandi}",
         "low high batao {desi} {mandi}"),
        ("{desi} low high kya hai {mandi} me", "{mandi} {desi} range batao upar neeche"),
    ),
    FigureKind(
        "price_value", "price",
        ("What are {qty} of {crop} worth in {mandi}?", "I have {qty} of {crop} at {mandi}. What is the value?", "Please value {qty} of {crop} lying in {mandi}.",
         "How much money should {qty} of {crop} bring in {mandi}?", "Total value of {qty} of {crop} at {mandi} prices?"),
        ("{qty} {desi} ka kitna banega {mandi} me", "mera {qty} {desi} pada hai {mandi}, kitne paise banenge", "{qty} {desi} ka hisaab lagao {mandi} bhav se",
         "total kitna hoga {qty} {desi}, {mandi}"),
        ("{qty} {desi} ke kitne paise banenge {mandi} me", "hisaab do {qty} {desi} {mandi} bhav"),
    ),
    FigureKind(
        "price_offer", "price",
        ("I was offered {offer} for {crop} in {mandi}. Is that fair?", "Should I take {offer} for my {crop} at {mandi}?", "Is {offer} per quintal a fair price for {crop} in {mandi}?",
         "A buyer bids {offer} for {crop} at {mandi}. Fair or not?", "They want {offer} for {crop} in {mandi}; is that in line?"),
        ("{desi} {offer} mil raha {mandi} me, le lu kya", "{offer} ka bid hai {desi} pe {mandi}, sahi hai", "party {offer} de rahi {desi} ka {mandi} me, theek",
         "{mandi} {desi} {offer} offer aaya, fair hai ya nahi"),
        ("{offer} offer {desi} {mandi}, le lu ya nahi", "{desi} ka bid {offer} {mandi} me fair hai kya"), kind="decision",
    ),
    FigureKind(
        "demand_total", "demand",
        ("How many tonnes of {crop} will arrive in {state} in the next {days} days?", "Arrivals of {crop} in {state}, {days} days, please.",
         "What volume of {crop} do you expect in {state} over {days} days?", "Forecast the arrivals of {crop} in {state} for {days} days.",
         "How much {crop} comes to the markets of {state} in {days} days?"),
        ("{desi} aavak {state} {days} din", "{state} me {days} din me kitni {desi} aayegi", "aavak forecast {desi} {state} next {days} days",
         "kitne ton {desi} aane wali {state} me {days} din"),
        ("{state} {desi} aavak {days} din ka forecast", "{days} din me {desi} kitne ton {state}"),
    ),
    FigureKind(
        "demand_compare", "demand",
        ("Are arrivals of {crop} in {state} above or below last year?", "Compare arrivals of {crop} in {state} with the year before.",
         "Is more {crop} coming to {state} than usual?", "Do arrivals of {crop} in {state} exceed the usual level?", "How do arrivals of {crop} in {state} stand against last year's?"),
        ("{desi} aavak {state} pichhle saal se zyada ya kam", "is baar {desi} zyada aa rahi kya {state} me", "pichhle saal ke muqable {desi} aavak {state}",
         "{state} me {desi} ki aavak normal se upar hai ya neeche"),
        ("{state} {desi} aavak pichhle saal se kam hai kya", "is baar aavak zyada ya kam {desi} {state}"),
    ),
    FigureKind(
        "quality_grade", "quality",
        ("Which grade does lot {lot} get?", "What grade did the model give lot {lot} of {crop}?", "Please tell me the grade of lot {lot}.",
         "Is lot {lot} of {crop} grade A or worse?", "How was lot {lot} graded?"),
        ("{lot} ka grade kya aaya", "grade batao {lot} {desi}", "{desi} {lot} kaunsa grade bana", "{lot} A hai ya B"),
        ("{lot} {desi} ka grade kya bana", "kaunsa grade aaya {lot} ka"),
    ),
    FigureKind(
        "quality_sure", "quality",
        ("How sure is the grade of lot {lot}?", "How confident are you of the grade of {lot}?", "With what probability is the grade of lot {lot} right?",
         "Could the grade of lot {lot} be wrong?", "What is the confidence of the grade for {crop}, lot {lot}?"),
        ("{lot} ka grade kitna pakka hai", "grade pe kitna bharosa {lot}", "{lot} {desi} grade galat ho sakta kya, percent do", "confidence kitna hai {lot} grade ka"),
        ("{lot} grade kitne percent pakka", "bharosa kitna {lot} ke grade pe"),
    ),
    FigureKind(
        "fraud_flag", "fraud",
        ("Is deal {deal} suspicious?", "Was deal {deal} flagged as fraud?", "Does deal {deal} look honest?", "Should I worry about deal {deal} with {firm}?",
         "What does the fraud check say about {deal}?"),
        ("{deal} me gadbad hai kya", "{deal} flag hua ya nahi", "{firm} wala {deal} farzi to nahi", "{deal} check karo, dhokha to nahi"),
        ("{deal} farzi hai kya, flag dekho", "gadbad to nahi {deal} me"), kind="decision",
    ),
    FigureKind(
        "fraud_score", "fraud",
        ("What is the fraud score of deal {deal}?", "Give me the score and the threshold of deal {deal}.", "How high is the fraud score of {deal}?",
         "Score of the fraud model for {deal}, please.", "How far is deal {deal} from the threshold?"),
        ("{deal} ka fraud score kitna", "score aur threshold do {deal}", "{deal} kitna risky hai, score batao", "risk score {deal} kya aaya"),
        ("{deal} score kitna aaya risk ka", "threshold se kitna door {deal}"),
    ),
    FigureKind(
        "match_best", "matching",
        ("Which offer of {crop} is the best for me at {mandi}?", "Who offers {crop} near {mandi}, best first?", "Best match for {qty} of {crop} at {mandi}?",
         "Name the top offer of {crop} for delivery to {mandi}.", "From whom should I buy {crop} for {mandi}?"),
        ("{desi} ka sabse accha offer {mandi} ke liye", "{qty} {desi} chahiye {mandi}, best kaun", "top offer {desi} {mandi} do", "kis se lu {desi} {mandi} ke liye"),
        ("{mandi} ke liye {desi} best offer kaun", "sabse accha {desi} offer do {mandi}"), kind="decision",
    ),
    FigureKind(
        "match_count", "matching",
        ("How many offers of {crop} are open?", "How many offers of {crop} fit my want at {mandi}?", "Number of open offers of {crop}, please.",
         "Are there many offers of {crop} for {mandi}?", "How large is the choice of {crop} at present?"),
        ("{desi} ke kitne offer open hai", "kitne bechwal hai {desi} ke abhi", "{desi} offers count {mandi}", "{mandi} ke liye {desi} kitne offer fit hote"),
        ("{desi} offer kitne open {mandi}", "kitne offer hai {desi} ke abhi"),
    ),
    FigureKind(
        "price_point_hi", "price",
        ("{mandi} में {crop} का भाव क्या है?", "आज {mandi} मंडी में {crop} कितने का है?", "{crop} की कीमत {mandi} में बताइए।"),
        ("{mandi} {crop} भाव बताओ भाई", "{crop} रेट {mandi} आज"), ("{crop} भाव {mandi} जल्दी बताओ", "{mandi} में {crop} रेट क्या चल रहा"), language="hi",
    ),
    FigureKind(
        "price_point_ta", "price",
        ("{mandi} சந்தையில் {crop} விலை என்ன?", "இன்று {mandi} {crop} குவிண்டால் எவ்வளவு?", "{crop} விலையை {mandi} சந்தைக்கு சொல்லுங்கள்."),
        ("{mandi} {crop} ரேட் சொல்லுங்க", "{crop} ரேட் {mandi} இன்னைக்கு"), ("{crop} ரேட் என்ன {mandi}", "{mandi} {crop} விலை சீக்கிரம்"), language="ta",
    ),
)  # fmt: skip
"""Kinds of questions about figures."""
