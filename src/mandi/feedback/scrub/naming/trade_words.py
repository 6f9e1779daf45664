"""Words of Indian trade as people write them: crops in several languages and scripts, units, market talk, small words of Hindi in Latin letters.

Written from general knowledge of what is sold in Indian markets. Words that are also a common name of a person (kesar, tulsi, palak, sona)
are left out: what stands here is never a person by itself.
"""

from __future__ import annotations

CROPS = """soybean soyabean soyabin soybin soya cotton kapas kapus kapaas kapasu rui narma binola sarki parutti paruthi hatti pratti tur toor
tuar tuver tuvar arhar thuvarai thuvaram togari kandi wheat gehu gehun gehoon gahu ghau godhi godhuma godumai kothumai kanak gom maize corn makka
makki makai maka bhutta bhutte challi makkacholam makkajonna jola jowar juar jvari cholam jonna bajra bajri kambu sajje sajjalu ragi nachni
mandua kezhvaragu kodo kutki jau barley oats rice chawal chaval chaaval tandul dhan dhaan paddy nel arisi akki biyyam parmal basmati masuri ponni
kolam chana channa chane harbhara kadalai kadale senaga sanagalu kabuli gram chickpea matar vatana pea peas masoor masur lentil moong mung mug
hesaru pesalu urad udid adad udad ulundu uddu minumulu moth matki lobia chavli chawli chola kulthi kulith hurali ulavalu rajma dal daal dals
pulses mustard sarson sarso sarason rayda raida rayado toria lahi kadugu avalu groundnut groundnuts peanut mungfali moongfali moongphali
mungphali singdana shengdana bhuimug verkadalai nilakadalai palli castor arandi erandi divela diveli amanakku sesame til tili gingelly ellu
nuvvulu alsi jawas linseed flaxseed kardi safflower surajmukhi sunflower copra khopra nariyal coconut guar gwar gavar isabgol jeera jeeru jira
zeera cumin dhania dhaniya dhana coriander haldi halad manjal turmeric mirch mirchi marchi milagai chilli chillies chili ajwain saunf sonf fennel
methi fenugreek kalonji elaichi cardamom lavang pepper milagu adrak sonth ginger lahsun lasan lehsun garlic poondu pyaz pyaaz piyaz kanda dungri
onion onions vengayam ulli aloo alu aaloo batata potato potatoes tamatar tomato tomatoes bhindi baingan karela lauki gobi gajar kela banana mango
aam santra orange anar angoor nimbu sugarcane ganna sherdi oos karumbu gud gur jaggery vellam cheeni chini khand sugar shakkar tea chai coffee
rubber jute supari betelnut atta maida suji rava besan poha oil oilcake khal khali tel meal doc bran chokar chuni churi bhusa iron ore fines
lumps lumpy pellet pellets steel loha lauh lohe khanij ayask irumbu kabbina manganese bauxite coal koyla zinc copper aluminium silver gold
crude"""

VARIETIES = """lokwan lokvan lokone sharbati sarbati malwaraj kathia durum tukdi daliya mill hybrid desi deshi mcu dch pusa bold medium average
super faq nonfaq milling seed sortex unsorted unclean cleaned machine dolar dollar annigeri mosami gavran gavrani safed pila peeli hara sukha
sukhi gila gili naya nayi nava navin purana purani juna"""

UNITS = """quintal quintals kuintal kwintal kuntal kunital qtl qtls q tonne tonnes ton tons mt kg kgs kilo kilos kilogram gram grams bag bags
bori boriya bora bore boriyan katta katte katti gunny bale bales gaanth ganth gath gathan candy candies khandi maund maunds mound sack sacks
truck trucks gadi gaadi gadiyan trolley tractor tempo rake rakes wagon container lorry mootai moottai moota bastalu dheri dhag per prati rupees
rupee rupaye rupaya rupay rupiya rupai rs inr paise paisa lakh lac lakhs crore karod hazar hajar hazaar sau क्विंटल कुंतल बोरी मण टन किलो प्रतिशत
रुपये रुपए மூட்டை குவிண்டால் ரூபாய் ક્વિન્ટલ મણ રૂપિયા క్వింటాల్ రూపాయలు ಕ್ವಿಂಟಾಲ್ ರೂಪಾಯಿ কুইন্টাল টাকা ਕੁਇੰਟਲ ਰੁਪਏ percent pct pratishat taka
takka"""

MARKET = """mandi mandis mandee bazaar bazar bajar bajaar market yard apmc upmandi haat hat galla bhav bhaav bhao bhavo daam dam rate rates ret
kimat keemat keemath keematen price prices mulya vilai dhara bele vela sauda saude deal lot lots maal saman aavak avak aawak awak jawak arrivals
arrival varavu teji tezi girawat giravat uchal utar chadhav badhat ghatat tez sasta sasti saste mehnga mehenga mahanga bolee boli nilami lilaw
lilav auction tender byaj byaaj udhaar udhar nagad nakad cash bhugtan payment hundi bilti challan parchi kaanta tol taul vajan wajan vazan wazan
weight tare nami nammi moisture bhej bhejo oilpct protein kachra kachara mitti dhool kankar dana daana dane daagi dagi tuta tutan tukda chamak
chamakdar rang quality kwality gunvatta grade graded staple micronaire resha rui fasal fasl pik paidawar paidavar upaj kharif rabi zaid monsoon
barish baarish mausam paani godown godam godaam warehouse store stock bhandar kisan kisaan kisano kisanon vyapari vyapaari beopari vepari arhtiya
adatiya adhatiya aadhatiya aarthi kachi pakki dalali kharidar kharidari bikri bechna kharidna bech kharid becho msp support samarthan forecast
demand maang supply export niryat aayat ncdex mcx nafed cci fci agmarknet enam futures vayda wayda hazir spot basis fraud dhokha dispute shikayat
report certificate assay lab sample namuna namoona"""

SMALL = """hai hain ho hoon hu hun tha thi the thay hoga hogi honge hua hui hue raha rahi rahe gaya gayi gaye aaya aayi aaye jaa jao jana jata
jati jate kar karo karna karke karein kare karega karenge kiya ki ka ke ko se mein me par pe tak aur ya lekin magar kyunki kyonki kyuki isliye
agar toh to bhi hi na nahi nahin nai mat haan han ji kya kyun kyu kyo kaise kaisa kaisi kab kahan kaha kaun kaunsa konsa kitna kitni kitne kuch
koi sab sabhi bahut bohot thoda thodi zyada jyada kam kamm acha accha achha achhi acche theek thik sahi galat bilkul abhi ab aaj aaje kal kaal
parso parson subah shaam raat hafta hafte mahina mahine saal baad pehle pahle phir fir wapas vapas yeh ye yah woh wo vo voh is us in un iska uska
inka unka mera meri mere hamara hamari hamare humara hum ham main mai tum aap aapka aapki apna apni apne mujhe hame humko batao bata batana
bataiye bataye bolo bola bole bol dekho dekh dena do de diya diye dijiye le lo lena liya liye lijiye milega milegi mila mili mile mil chahiye
chaiye chahie rakho rakhe ruko rukna becho bechu bechun bechna lagta lagti lage laga pata namaste namaskar dhanyavad shukriya kripya jaldi der
sirf kewal lagbhag karib upar niche neeche andar bahar idhar udhar yahan yaha wahan waha sabse aisa waisa jaisa jab tab jo jis wala wali wale
bhejna bheja bheji rakhna mangwana mangaya uthana uthaya tolna tola dekhna milna lagana lagaya puchna poocho girna gira gire sakta sakti sakte
sake paya payega padega padegi pada padi rahta rehta rehti rehna rahna chal chala chalta chale chalega chuka chuki gir uth utha likha likhi kahna
kehna suna sunai socha samjha jaise waise tarah taraf saath dauran beech aage peeche aaspaas kul sau dono teen paanch saat aath nau bees pachas
tis ek kafi kaafi itna itni itne utna utni jitna jitni badhna badha badhe badhega ghatna ghata ghatega tuta bhara khali poora pura aadha shu che
chhe nathi kem kevi ketla ketlo kale ane pan mate ni nu ahe aahe kasa kashi kiti udya aani ani pahije kuthe enna eppadi evvalavu evlo irukku
illai vendum inru indru naalai naale sollunga enga romba konjam enta entha undi ledu emiti ela eppudu repu ivala cheppandi eshtu ide illa yavaga
nalli dalli sigutta maarabeku beku vich da di ne heli"""

SCRIPTS = """गेहूं गेहूँ गहू मक्का मका मकई भुट्टा सोयाबीन कपास कापूस रुई नरमा तूर तुअर तुवर अरहर चना हरभरा सरसों सरसो मोहरी मूंग मूग उड़द उडीद
मसूर धान चावल तांदूळ बाजरा बाजरी ज्वार ज्वारी जौ प्याज कांदा आलू बटाटा लहसुन जीरा धनिया हल्दी हळद मिर्च मिरची मूंगफली शेंगदाणा अरंडी तिल अलसी
ग्वार गुड़ चीनी साखर दाल दलहन तेल खली लौह लोहा अयस्क खनिज लोकवन शरबती भाव दाम दर रेट कीमत मूल्य मंडी मंडियों बाजार बाज़ार आवक माल सौदा बोली
नीलामी क्विंटल कुंतल किलो टन बोरी कट्टे गांठ गाड़ी ट्रक रुपये रुपए रुपया प्रति नमी गुणवत्ता ग्रेड फसल पीक किसान शेतकरी व्यापारी खरीदार बिक्री
खरीद भुगतान तेजी मंदी आज कल उद्या कितना कितने कितनी क्या कब कहां कैसे कौन है हैं था थी नहीं में का के की को से पर और या लेकिन अगर तो भी बताओ
बताइए मिलेगा चाहिए आहे काय किती कसा आणि नाही साठी ઘઉં મકાઈ કપાસ તુવેર સોયાબીન ચણા મગફળી એરંડા જીરું બાજરી ભાવ મંડી બજાર આજે કાલે કેટલો છે
ક્વિન્ટલ મણ રૂપિયા આવક கோதுமை மக்காச்சோளம் சோளம் பருத்தி துவரை துவரம் பருப்பு சோயா சோயாபீன் இரும்பு தாது நெல் அரிசி கடலை உளுந்து பாசிப்பயறு
மஞ்சள் மிளகாய் வெங்காயம் விலை சந்தை மண்டி இன்று நாளை என்ன எவ்வளவு குவிண்டால் மூட்டை ரூபாய் தரம் ஈரப்பதம் வரத்து விற்க வாங்க గోధుమ గోధుమలు
మొక్కజొన్న పత్తి కంది కందులు సోయాబీన్ ఇనుప ఖనిజం వరి బియ్యం ధర మార్కెట్ క్వింటాల్ రూపాయలు నేడు రేపు ಗೋಧಿ ಮೆಕ್ಕೆಜೋಳ ಹತ್ತಿ ತೊಗರಿ ಸೋಯಾಬೀನ್ ಜೋಳ ಅಕ್ಕಿ
ಬೆಲೆ ಮಾರುಕಟ್ಟೆ ಕ್ವಿಂಟಾಲ್ ರೂಪಾಯಿ ಇಂದು ನಾಳೆ গম ভুট্টা তুলা অড়হর সয়াবিন ধান চাল দাম বাজার কুইন্টাল টাকা আজ কাল কত ਕਣਕ ਮੱਕੀ ਕਪਾਹ ਨਰਮਾ ਝੋਨਾ ਭਾਅ ਮੰਡੀ
ਕੁਇੰਟਲ ਰੁਪਏ ਅੱਜ"""
