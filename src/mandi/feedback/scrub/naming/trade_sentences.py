"""More sentences to learn from: trade alone, in Hinglish, English, Hindi, Gujarati, Marathi, Tamil, Telugu and Kannada, and a few with people."""

from __future__ import annotations

TALK = """
{crop} ka kya chal raha hai {town} me?|{crop} kitne me bikega agle hafte?|bhai {crop} {qty} pada hai, abhi bech du ya ruku|{town} me {crop} ki aavak kaisi rahegi|aaj {crop} {price} gaya, kal kya lagta hai
{qty} {crop} hai mere paas, {pct} nami, kya rate lagega|{crop} aur {crop} me se kisme tezi aayegi|{variety} {crop} ka daam {price} sahi hai kya?|{variety} {crop} {price}|{crop} {variety} {qty} {price}
{crop} ki quality {grade} hai par kachra {pct} hai|nami {pct} nikli, {price} kaat liya|katta {n} kilo ka tha, {qty} tola|{qty} {crop} {town} se {town} bhejna hai, bhada {price}|{crop} mandi kab khulegi {town} me
kal {town} mandi me {crop} {price} se {price} tak bika|{crop} ka msp {price} hai phir bhi {price} hi mil raha|rate {price} bola tha, mila {price}|bhav galat hai, {crop} {price} chal raha hai|{crop} sasta kyun hua?
{crop} rok lo, bhav badhega|{crop} abhi mat becho|{n} din ruk jao, {crop} {price} jayega|paisa kab aayega, {qty} {crop} ka {price} baaki hai|payment {n} din se atka hai|{crop} me daane tute hue hain, grade {grade} kaise?
{variety} aur {variety} me kitna farak hai?|{variety} dana bada hai, {pct} nami|{town} wala {crop} acha hai ya {town} wala|{crop} ki buvai der se hui {town} side|barish se {crop} kharab ho gaya|{crop} export band hai kya
{crop}|{crop}?|{variety}|{crop} rate|{crop} bhav|{crop} bhav aaj|{town} {crop}|{variety} {crop} grade {grade}|{qty} {crop}|{price}|{qty}|{crop}, {crop} aur {crop}|{crop}/{crop} {price}|{crop} - {price}|{crop} = {price}
Namaste, {crop} ka rate chahiye|ji {crop} {price} theek hai|haan {qty} de do|nahi, {price} se kam nahi|ok {price} final|kya {crop} {date} ko {price} tha?|{date} ko {crop} {qty} becha {price} me|{crop} {date} se ab tak kitna badha
"""
PLAIN = """
How much will {crop} fetch in {town} by {date}?|Should we release {qty} of {crop} now?|{crop} at {price} looks cheap against {town}.|Is {variety} {crop} worth more than {variety}?|{variety} {crop}, {qty}, ex {town}
The {variety} lot tested {pct} moisture and {pct} dirt.|Grade {grade} was given although foreign matter is {pct}.|{crop} traded between {price} and {price} in {town}.|We have {qty} of {variety} {crop} in stock.|{crop} prices eased {pct} in {town} on {date}
Stocks of {crop} are tight; {town} quoted {price}.|Low arrivals of {crop}, {qty} only|The answer should have been {price}, not {price}.|You said {price}. It closed at {price}.|Good forecast for {crop}.|Wrong grade: it is {grade}.|Still waiting for {price} on lot {lot}.
{crop} Futures, {town} Spot, {price}|Average {price}, highest {price}, lowest {price}|Expected {qty} of {crop} against {qty} a year ago|{crop}: hold. {crop}: sell. {crop}: buy below {price}.|{firm}: {qty} {crop} at {price}|Best offer {firm}, {price}
Transport from {town} to {town} adds {price}.|Weighed {qty}, billed {qty}.|Payment of {price} is {n} days late.|Two invoices for {qty} of {crop}, both {price}: a mistake?|{firm} cancelled {qty} of {crop}.|Demand for {crop} in {town} may rise {pct}
Which market pays most for {crop}: {town}, {town} or {town}?|{town} {crop} arrivals {date}|{crop} {variety} {town} {date} {price}|Colour is {variety}, staple 28.5, {pct} trash|{crop} Meal and {crop} Oil firm at {price}|Crushers paid {price} for {crop}
Rain in {town} delayed the {crop} harvest.|Sowing of {crop} is {pct} behind|Exporters bought {variety} {crop}|Millers want {variety}, {pct} protein|Nothing moved in {town} today|Dear team, the rate of {crop} is wrong.|Hello, price of {crop} please|Hi, is {price} ok for {crop}?
Thanks, {crop} was {price} as you said.|Regards from {town}|Contact the market committee of {town}|Owner of lot {lot}?|Seller quotes {price}, buyer bids {price}|the buyer wants {qty} and pays {price}|my {crop} is at {firm}|called the mill, they pay {price}|name the best market for {crop}
"""
OTHER_TONGUES = """
{town} में {crop} का भाव क्या है?|{crop} {qty} बेचना है, {price}|आज {crop} {price} में बिका|{crop} की आवक {qty} रही|नमी {pct} है, ग्रेड {grade}|क्या {crop} और महंगा होगा?|{date} तक {crop} का दाम कितना होगा?|जवाब गलत है, भाव {price} था|{crop} अभी बेचें या रुकें?|धन्यवाद, सही बताया
{town} मंडी में {crop} {price} प्रति क्विंटल|{qty} {crop} के लिए खरीदार बताइए|भुगतान {n} दिन से नहीं आया|माल में कचरा {pct} निकला|{crop} चा भाव किती आहे {town} मध्ये?|{town} बाजारात {crop} {price} ने विकला|{qty} {crop} विकायचे आहे|उद्या {crop} चा दर वाढेल का?|ओलावा {pct} आहे
{town} માં {crop} નો ભાવ શું છે?|{qty} {crop} વેચવા છે, {price}|આજે {crop} {price} ગયો|{crop} ની આવક કેટલી?|ભેજ {pct} છે|{crop} no bhav shu che {town} ma?|{qty} {crop} vechva che, {price} malse?|aaje {town} yard ma {crop} {price} rahyo|{crop} cha bhav kay ahe {town} la?|{crop} vikaycha ahe, {qty}
{town} சந்தையில் {crop} விலை என்ன?|{crop} {qty} விற்க வேண்டும், {price}|இன்று {crop} {price} போனது|ஈரப்பதம் {pct}, தரம் {grade}|நாளை {crop} விலை ஏறுமா?|விலை தவறு, {price} தான்|{town} la {crop} vilai enna?|inru {crop} {price} ku pochu|{crop} {qty} irukku, evlo kidaikum?|naalai {crop} vilai erumaa
{town} లో {crop} ధర ఎంత?|{qty} {crop} అమ్మాలి, {price}|తేమ {pct}, గ్రేడ్ {grade}|{town} lo {crop} rate entha?|{qty} {crop} ammali, {price} vastunda|{town} ದಲ್ಲಿ {crop} ಬೆಲೆ ಎಷ್ಟು?|{qty} {crop} ಮಾರಬೇಕು|{town} nalli {crop} bele eshtu?|{crop} {qty} ide, {price} sigutta|{town}-এ {crop} দাম কত?|{town} ਵਿੱਚ {crop} ਦਾ ਭਾਅ ਕੀ ਹੈ?|{crop} da ki bhaa hai {town} vich
"""
FIGURES = """
{label}|{label}|{label}|{label}.|Label: {label}|It is {label}.|answer: {label}|{label}, {label} or {label}|{label} / {label} / {label}|One of: {label}, {label}, {label}|Not {label} but {label}.|Wrong, it is {label}|should be {label}|{label} hai|ye {label} nahi {label} hai
Between {price} and {price}, most likely {price}.|Most likely {price}; nine times of ten within {price} and {price}|p10 {price}, p50 {price}, p90 {price}|modal {price} min {price} max {price} arrivals {qty}|{town} | {crop} | {price} | {qty}
Score 0.{n}, share {pct}, {n} of {n} lots|staple 28.{n} mm, micronaire 4.{n}, strength 29.{n}|oil {pct} protein {pct} moisture {pct}|{n} lots, {qty} in all, mean {price}|From {price} on {date} to {price} on {date}: {pct} up|{price} against {price} a week before
{price} x {n} = {price}|{qty} at {price} comes to {price}; freight {price}, commission {pct}|Net {price} after {pct}|1. {town}, {price}\n2. {town}, {price}\n3. {town}, {price}|- {crop}: {price}\n- {crop}: {price}|{date}: {price}\n{date}: {price}|{town}: {price}, {pct}\n{town}: {price}, {pct}
I would offer {price}, not more than {price}.|Offer {price} and settle at {price}|Ask for {price}; accept {price}.|The median of {n} markets is {price}.|Distance {n} km, freight {price}|Confidence 0.{n}; no answer below 0.{n}|Grade {grade} (0.{n}), grade {grade} (0.{n})|Weighted by arrivals {price}, unweighted {price}
kam se kam {price}, zyada se zyada {price}|{price} se {price} ke beech|lagbhag {price} rahega, {pct} upar neeche|{n} me se {n} mandi me {price} ke upar|{qty} ka {price} hua, bhada {price}, bacha {price}|{price} और {price} के बीच|लगभग {price} रहेगा|{price} முதல் {price} வரை|{price} થી {price} વચ્ચે|{price} నుండి {price} వరకు
"""
TOLD = """
bhai {person} ne {crop} {price} me liya|{person} ka maal {qty} tola gaya|{person} se baat hui, {price} pe maan gaye|{crop} ka sauda {person} ke saath hua {price}|{person} ko bol do {qty} bhej de|ye rate {person} ne diya tha|{person} se {crop} lena hai {qty}
{person} aur {person} dono {crop} bech rahe hain|{person} ki gadi {vehicle} kal aayegi|mere bhai {person} ka {qty} {crop} pada hai|aapke aadmi {person} ne {price} bola|{person} ji, {crop} {price} me doge?|{person} wale {crop} ki nami {pct}|paise {person} ke khate me dalo, {account}
{variety} {crop} {person} ke paas hai|{person} bought {qty} of {variety} {crop}.|{variety} {crop} from {person}, {price}|{crop} of {person}: grade {grade}, {pct} moisture|sold {qty} {crop} to {person} for {price}|{person} quoted {price} for {crop}, too low|per {person}, {town} closed at {price}
The lot belongs to {person}, weighed {qty}.|Advance of {price} given to {person}.|{person} owes {price} since {date}|{person} told me {crop} will rise|My father {person} grows {crop} near {town}.|{crop} {qty} - {person} - {phone}|{person} {phone} {crop} {qty}|{person}, {town}: {crop} {price}
{person} ने {crop} {price} में खरीदा|{person} का {qty} {crop} है|मेरा नाम {person} है|{person} को {price} देना है|{person} यांनी {crop} {price} ला घेतला|{person} એ {crop} {price} માં લીધો|{person} {crop} {price} க்கு வாங்கினார்|{person} {crop} {price} కి కొన్నారు|en peyar {person}, {crop} vilai enna?|maru naam {person} che, {crop} no bhav?|maza nav {person}, {crop} cha dar?
"""
VARIETIES = (
    "Lokwan", "Sharbati", "Malwaraj", "Kathia", "Durum", "Desi", "Hybrid", "Shankar-6", "MCU-5", "DCH-32", "H-4", "JS-335", "JS-9305", "Annigeri", "Kabuli", "Dollar",
    "Lal", "Safed", "Kala", "White", "Yellow", "Black", "Red", "Bold", "Medium", "FAQ", "Mill quality", "Local", "Gavrani", "Fines", "Lumps", "Calibrated", "Basmati",
    "1121", "Parmal", "BT", "Bunny", "Machine clean", "Sortex", "Pila", "Mosami", "Sukha", "naya", "purana", "bold", "desi", "lokwan", "safed", "kabuli", "mota", "barik",
)  # fmt: skip
UNITS = (
    "quintals", "quintal", "qtl", "tonnes", "tonne", "MT", "bags", "bales", "kg", "katte", "kuntal", "bori", "boriyan", "gaanth", "maund", "man", "candy", "trolley",
    "truck", "gadi", "sacks", "rakes", "Qtl", "Bags", "ton", "kilo", "moottai", "क्विंटल", "कुंतल", "बोरी", "मण", "மூட்டை", "குவிண்டால்", "ક્વિન્ટલ", "క్వింటాల్", "ಕ್ವಿಂಟಾಲ್",
)  # fmt: skip
PRICES = (
    "Rs {}", "₹{}", "₹ {}", "{}", "Rs. {}/quintal", "{} per quintal", "INR {}", "{} rupaye", "{} rupees", "{} rs", "Rs.{}", "{} ka", "{}/-", "{} INR/quintal", "{}/qtl",
    "{} per candy", "{} rupiya", "{} रुपये", "{} रुपये प्रति क्विंटल", "{} ரூபாய்", "{} રૂપિયા", "{} రూపాయలు", "{} ರೂಪಾಯಿ", "Rs {} a quintal", "rs {} per maund", "{}rs",
)  # fmt: skip
