"""Common words of English, occupations and nationalities: capitals do not make a name of them."""

from __future__ import annotations

COMMON = """the a an and or but nor so yet if then than that this these those it its i me my mine we us our you your he him his she her they them
their who whom whose which what where when why how is am are was were be been being has have had do does did done can could will would shall
should may might must not no yes of in on at by for with from to into onto over under about after before between among through during without
within along across against toward near up down out off again still also too very much many more most some any all both each every few several
other another such same own just only even ever never always often sometimes once twice here there now today tomorrow yesterday tonight soon
early late later first second third last next new old good great bad better best worse big small large little long short high low right wrong
true false sure fine nice cool happy sorry please thanks thank hello hi hey dear okay ok well oh let make made making take took taken get got
getting go went gone going come came coming see saw seen look looking know knew known think thought say said says tell told ask asked give gave
given find found need needs want wants wanted like liked love loved help helped use used using work works worked call called calls try tried send
sent receive received receipt pay paid buy bought sell sold move moved live lived stay stayed start started stop stopped open opened close closed
change changed keep kept put set run play read write written wrote speak spoke talk hear heard feel felt leave left meet met remember forget wait
follow become became include including includes believe happen show shown bring brought begin began hold held turn seem day days week weeks month
months year years time times hour hours minute minutes morning evening night monday tuesday wednesday thursday friday saturday sunday january
february march april june july august september october november december people person persons man men woman women child children boy girl
friend friends family father mother brother sister son daughter wife husband parents home house place places world country city town street road
way door room table car bus train plane water food book film movie song band album music story news word words letter letters page line lines
list number numbers name names phone email mail website address information personal details question questions answer answers problem problems
reason reasons idea thing things something anything nothing everything someone anyone nobody everyone part parts side end top point case fact
life death health body head hand hands eye eyes heart job jobs business company office school class student students teacher member members team
group club party government state law rights court police war peace power money bank account card credit cash price prices cost order orders bill
payment payments balance transfer cheque statement customer service services product products store one two three four five six seven eight nine
ten hundred thousand lakh crore zero half lots kind sort type form level size colour color black white red green blue yellow because while
although however since until unless though whether therefore instead rather quite almost enough perhaps maybe really actually probably certainly
click visit contact welcome regards sincerely subject note notice update updated user users real available able ready free full whole different
important public private social national international local general special common possible interesting beautiful favourite capital current
former original famous certain similar responsible based born died married report reports sample samples truck trucks rain rains crop crops farm
weather quantity amount total average share model models data chart weekly daily monthly harvest season stock supply storage freight export
import"""

REPORT = """weak strong firm steady mixed higher lower highest lowest rise rises rising rose fall falls fell falling gain gains gained ease eases
eased slip slips dip dips range score scores confidence estimate median mean mode trend outlook expected likely probability chance risk margin
profit loss worth traded trading quoted offered offers bid bids settled deliver delivered delivery load loaded unload unloaded weigh weighed
billed transport distance km partner partners crusher crushers millers ginner ginners exporter exporters importer importers processor processors
stockist stockists wholesaler retailer auction draft summary message advice advise recommend hold wait action next step steps why because
compared against despite after amid over under answer route result results source sources section table row rows column columns output input
correct incorrect error mistake dispute complaint suspicious duplicate sowing harvesting rainfall monsoon drought flood acreage yield stocks
shipment shipments tender procurement policy duty tariff ban quota warehouse looks cheap dear tight slack commodity commodities jan feb mar apr
jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun clean dry wet damaged broken immature shrivelled admixture impurity trash colour
grain grains seed seeds oilseed oilseeds cereal cereals fibre fiber lint length strength test tested sampled certified inspected rejected
accepted pending overdue advance refund cancelled confirmed"""
"""Words of market reports and of answers, which begin a sentence without being anybody."""

LABELS = """up down flat sideways bullish bearish neutral positive negative mixed severe moderate minor major critical urgent high low medium
none yes no true false price demand quality delivery payment fraud matching other calm worried frustrated angry pleased complaint decision
smalltalk classification question held missed open accept reject approve refuse decline escalate genuine unclear irrelevant relevant buy sell
wait unknown normal abnormal serious mild stable volatile surplus shortage logistics finance policy export disease pest storage general enquiry
request feedback"""
"""Answers of one word to a question of which kind something is."""

JOBS = """manager director engineer nurse teacher driver administrator officer clerk assistant secretary accountant analyst architect attorney
lawyer baker barber butcher carpenter cashier chef cook cleaner coach consultant counselor dentist designer developer doctor economist editor
electrician farmer firefighter fisherman guard hairdresser inspector instructor interpreter translator janitor journalist judge labourer laborer
librarian machinist mechanic musician operator optician painter pharmacist photographer physician pilot planner plumber policeman president
producer professor programmer psychologist receptionist reporter representative researcher roofer sailor salesperson scientist singer soldier
specialist statistician supervisor surgeon surveyor tailor technician therapist trainer treasurer typist veterinarian waiter waitress welder
worker writer actor actress agent artist author broker captain controller coordinator dealer dispatcher examiner executive founder chief head
leader minister ambassador governor mayor senator helper installer adjuster appraiser collector assayer auctioneer trader commissioner weigher"""

NATIONS = """indian chinese japanese german french italian spanish portuguese polish swedish norwegian danish finnish icelandic irish english
scottish welsh british american canadian mexican brazilian argentine argentinian chilean peruvian colombian venezuelan cuban jamaican australian
russian ukrainian belarusian hungarian austrian swiss belgian dutch greek turkish cypriot maltese romanian bulgarian serbian croatian slovenian
slovak czech estonian latvian lithuanian egyptian moroccan algerian tunisian libyan sudanese ethiopian kenyan ugandan tanzanian nigerian ghanaian
senegalese malian angolan zambian zimbabwean namibian israeli palestinian jordanian lebanese syrian iraqi iranian kuwaiti qatari omani yemeni
saudi emirati afghan pakistani nepali bhutanese bangladeshi maldivian burmese thai vietnamese laotian cambodian malaysian singaporean indonesian
filipino taiwanese korean mongolian kazakh uzbek georgian armenian azerbaijani fijian uruguayan paraguayan bolivian ecuadorian panamanian
honduran guatemalan nicaraguan haitian dominican african european asian arab jewish christian muslim hindu buddhist sikh catholic"""
