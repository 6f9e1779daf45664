"""Short lists of well-known words: titles, streets, places, trade; each word knows the lists it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from mandi.feedback.scrub.naming import english, trade_words

TITLES = """mr mrs ms miss dr doctor prof professor sir madam shri shree sri smt shrimati kumari km sardar seth pandit maulana capt captain
major col mister adv advocate ca er late"""
AFTER_NAMES = "ji bhai bhaiya behen ben sahab saheb sahib kaka chacha uncle aunty seth madam sir da garu anna"
STREETS = """road rd street st lane ln avenue ave marg gali path chowk circle cross main bypass highway drive dr boulevard blvd court ct way
place square terrace close crescent nagar colony vihar puri pura puram peth wadi bagh ganj kunj enclave sector phase block ward society
extension layout estate park gardens bazar bazaar market plot flat house shop godown gala floor building apartment apartments tower complex
niwas bhavan bhawan chambers villa plaza heights sadan near opp opposite behind beside village taluka tehsil district dist post po ps pin
pincode suite apt unit box h.no hno no hall residency strasse rue via calle hill"""
STATES = """gujarat maharashtra rajasthan punjab haryana bihar odisha jharkhand chhattisgarh karnataka kerala telangana assam goa tripura
manipur sikkim uttarakhand delhi pradesh bengal nadu"""
COUNTRIES = """india china japan germany france italy spain portugal poland sweden norway denmark finland iceland ireland england scotland wales
britain uk usa us america canada mexico brazil argentina chile peru colombia venezuela cuba jamaica australia zealand russia ukraine belarus
hungary austria switzerland belgium netherlands luxembourg greece turkey cyprus malta romania bulgaria serbia croatia slovenia slovakia czech
estonia latvia lithuania egypt morocco algeria tunisia libya sudan ethiopia kenya uganda tanzania nigeria ghana senegal mali angola zambia
zimbabwe botswana namibia mozambique madagascar israel palestine jordan lebanon syria iraq iran kuwait qatar oman yemen saudi arabia emirates
bahrain afghanistan pakistan nepal bhutan bangladesh lanka maldives myanmar thailand vietnam laos cambodia malaysia singapore indonesia
philippines taiwan korea mongolia kazakhstan uzbekistan georgia armenia azerbaijan fiji greenland uruguay paraguay bolivia ecuador panama
honduras guatemala nicaragua haiti dominican republic africa europe asia antarctica islands"""
CITIES = """london paris berlin madrid rome lisbon vienna prague budapest warsaw stockholm oslo copenhagen helsinki dublin edinburgh glasgow
manchester liverpool birmingham leeds bristol brussels amsterdam rotterdam zurich geneva basel munich hamburg frankfurt cologne milan naples turin
barcelona valencia athens istanbul ankara moscow kiev minsk york boston chicago houston dallas austin denver seattle portland phoenix detroit
philadelphia atlanta miami orlando tampa washington baltimore francisco angeles diego vegas sacramento toronto montreal vancouver ottawa calgary
sydney melbourne brisbane perth adelaide auckland wellington tokyo osaka kyoto seoul beijing shanghai hong kong shenzhen bangkok hanoi jakarta
manila mumbai delhi bengaluru bangalore chennai kolkata hyderabad pune ahmedabad surat jaipur lucknow kanpur nagpur indore bhopal patna vadodara
dubai doha riyadh tehran baghdad cairo nairobi lagos johannesburg cape town santiago lima bogota havana buenos aires rio janeiro paulo mexico"""
FIRMS = """ltd limited pvt private inc llc llp corp corporation company co gmbh plc sa ag group bank industries enterprises traders trading
exports mills mill agro foods brothers bros sons associates agency agencies ginning oil cooperative federation union board university college
institute hospital foundation club society school airlines restaurant radio"""
TRADE = """soybean soyabean soya cotton kapas tur toor arhar wheat gehu gehun maize makka iron ore chana gram mustard sarson rice dal pulses
quintal quintals qtl tonne tonnes ton kg bag bags bale bales candy maund katte bori bhav rate price grade moisture lot mandi apmc market msp
arrival arrivals demand forecast deal quality fraud buyer seller buyers sellers fair oil protein staple length foreign matter inr rs rupees per"""
CUES = """name naam called regards thanks sincerely contact person owner proprietor driver farmer broker adatiya manager signed dear hi hello namaste
attn from mera meri unka inka address pata located live lives living residing resident stay stays reside deliver delivery courier ship visit office
born married wife husband son daughter father mother brother sister friend"""


MARKETS = """rajkot gondal amreli botad bhavnagar jamnagar unjha mehsana junagadh akola amravati latur nagpur jalna yavatmal washim hingoli
nanded solapur sangli lasalgaon indore ujjain dewas vidisha neemuch mandsaur itarsi hoshangabad bhopal sehore shajapur ratlam kota baran
sri ganganagar hanumangarh bikaner alwar khanna ludhiana bathinda abohar rajpura sirsa karnal hisar rohtak kaithal hapur kanpur jhansi agra
bareilly shahjahanpur kalaburagi raichur davangere hubballi gadag bidar warangal adilabad nizamabad khammam guntur adoni kurnool nandyal
gulabbagh purnia muzaffarpur barbil joda noamundi dalli rajhara kirandul ballari kendujhar mundra paradip visakhapatnam krishnapatnam hazira
nhava sheva erode salem raipur bilaspur mysuru"""
"""Towns known for their markets: by itself such a word is where something is traded, not where somebody lives."""


ASKED = """compare show list predict estimate check explain suggest rank find give tell forecast sell buy grade plot match quote review fetch
calculate verify describe need want kindly please today also why what how when which where who is are was should can will did do"""
"""Words that begin a question or an order; in capitals they look like a name and are none."""


ALSO_PEOPLE = frozenset(["jordan", "israel", "georgia", "german"])
CROPS = tuple(f"{trade_words.CROPS} {trade_words.VARIETIES} {trade_words.SCRIPTS}".split())


class Gazetteer:
    """Lists of words; short ones that everybody knows, and whatever else is given.

    Parameters
    ----------
    more : mapping of str to iterables of str
        Further lists by a short name; of a name that is known, the list in its place.

    Examples
    --------
    >>> Gazetteer({"given": ["Asha"]})("asha"), Gazetteer()("Road")
    (('given',), ('common', 'street'))
    """

    def __init__(self, more: Mapping[str, Iterable[str]] | None = None) -> None:
        lists: dict[str, Iterable[str]] = {
            "title": TITLES.split(), "after": AFTER_NAMES.split(), "street": STREETS.split(), "state": STATES.split(), "land": COUNTRIES.split(),
            "city": CITIES.split(), "firm": FIRMS.split(), "trade": f"{TRADE} {trade_words.UNITS} {trade_words.MARKET}".split(), "cue": CUES.split(),
            "crop": CROPS, "small": trade_words.SMALL.split(), "common": f"{english.COMMON} {english.REPORT} {english.LABELS}".split(), "job": english.JOBS.split(),
            "nation": english.NATIONS.split(), **(more or {}),
        }  # fmt: skip
        self._lists: dict[str, tuple[str, ...]] = {}
        for name, words in sorted(lists.items()):
            for word in {w.casefold() for w in words}:
                self._lists[word] = (*self._lists.get(word, ()), name)

    def __call__(self, word: str) -> tuple[str, ...]:
        """Return the names of the lists a word stands on."""
        return self._lists.get(word.casefold(), ())


@lru_cache(maxsize=1)
def never_alone() -> frozenset[str]:
    """Return words that by themselves are no person and no address: markets, states, crops, units, small words."""
    lists = (
        *(MARKETS, STATES, COUNTRIES, TRADE, FIRMS, ASKED, english.REPORT, english.LABELS, english.NATIONS),
        *(trade_words.UNITS, trade_words.MARKET, trade_words.SMALL, "diwali madhya uttar"),
    )
    return frozenset((*CROPS, *(word for words in lists for word in words.split()))) - ALSO_PEOPLE


@lru_cache(maxsize=1)
def known_people() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return given names, surnames and places of the part of the invented words that may be learnt from."""
    from mandi.feedback.scrub.words import LEARN

    places = tuple(
        sorted(
            {
                w
                for town, state, _ in LEARN.towns
                for w in (*town.split(), *state.split())
                if w not in ("New", "Madhya", "West", "Uttar")
            }
        )
    )
    return LEARN.given, LEARN.surnames, places
