"""Invented people and places: two lists of words that share none, one to learn from and one to be examined on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["learn", "hold"]
PARTS: tuple[Part, ...] = ("learn", "hold")


@dataclass(frozen=True)
class Words:
    """The words of a part: given names, surnames, towns with state and first digits of the postal code, and the like."""

    given: tuple[str, ...]
    surnames: tuple[str, ...]
    localities: tuple[str, ...]
    streets: tuple[str, ...]
    buildings: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]
    firms: tuple[str, ...]
    domains: tuple[str, ...]
    handles: tuple[str, ...]


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.replace("\n", " ").split(",") if word.strip())


def _towns(text: str) -> tuple[tuple[str, str, str], ...]:
    rows = (row.split("/") for row in _split(text))
    return tuple((town, state, pin) for town, state, pin in rows)


LEARN = Words(
    given=_split("""
    Aarav, Abdul, Abhishek, Aditi, Ajay, Akash, Alka, Amit, Amarjeet, Anand, Anil, Anita, Anjali, Ankit, Anupama, Aparna,
    Arjun, Arvind, Asha, Ashok, Ayesha, Babulal, Baldev, Balwinder, Bharat, Bhavna, Bhupendra, Champa, Chandan, Chetan,
    Daljit, Deepak, Deepika, Devendra, Dharmesh, Dilip, Dinesh, Divya, Durga, Farhan, Fatima, Gajanan, Ganesh, Gaurav,
    Geeta, Girish, Gopal, Govind, Gurmeet, Gurpreet, Hanuman, Hardik, Harish, Harjinder, Hasmukh, Hema, Hemant, Hetal,
    Imran, Indira, Ishwar, Jagdish, Jaswant, Jaya, Jayesh, Jitendra, Joseph, Jyoti, Kailash, Kalpana, Kamal, Kamla, Kanta,
    Karan, Kavita, Ketan, Kiran, Kishore, Komal, Krishna, Kuldeep, Lakshmi, Lalit, Lata, Laxman, Leela, Madan, Madhav,
    Madhuri, Mahendra, Mahesh, Manish, Manisha, Manju, Manoj, Mary, Meena, Meera, Mohammed, Mohan, Mukesh, Murali, Nagesh,
    Namrata, Nandini, Narayan, Naresh, Narendra, Naveen, Neelam, Neha, Nilesh, Nitin, Om, Padma, Pankaj, Parminder,
    Parul, Pavan, Pooja, Prabhakar, Pradeep, Prakash, Pramod, Prashant, Pratibha, Praveen, Prem, Priya, Purushottam,
    Rachna, Radha, Rahul, Raj, Rajendra, Rajesh, Rajni, Raju, Rakesh, Ram, Ramesh, Ramprasad, Ranjit, Ravi, Rekha, Renu,
    Ritu, Rohit, Sachin, Salim, Sandeep, Sangeeta, Sanjay, Santosh, Sarita, Satish, Savita, Seema, Shabnam, Shalini,
    Shankar, Shanti, Sharad, Shyam, Sita, Sneha, Sudha, Sukhwinder, Suman, Sunil, Sunita, Suresh, Sushma, Swati, Thomas,
    Tulsi, Uday, Umesh, Urmila, Usha, Vandana, Varsha, Vasant, Venkatesh, Vijay, Vikas, Vimla, Vinay, Vinod, Vishal,
    Yashwant, Yogesh, Zarina, John, Sarah, David, Peter, Maria, Anna, Daniel, Michael, Susan, Robert, James, Linda"""),
    surnames=_split("""
    Agarwal, Ahluwalia, Ahmed, Ansari, Arora, Bajaj, Banerjee, Bansal, Bhagat, Bhandari, Bhat, Bhatia, Bhosale, Biswas,
    Borse, Chaudhary, Chauhan, Chavan, Chopra, Dalal, Das, Dave, Desai, Deshmukh, Deshpande, Dhillon, Dixit, Dubey,
    Fernandes, Gaikwad, Gandhi, Garg, Ghosh, Gill, Gowda, Goyal, Gupta, Hegde, Hussain, Iyer, Jadhav, Jain, Jha, Joshi,
    Kadam, Kapoor, Kaur, Khan, Khanna, Khatri, Kohli, Kulkarni, Kumar, Kumari, Kushwaha, Lal, Lokhande, Mahajan, Malhotra,
    Malik, Mathur, Meena, Mehra, Mehta, Mishra, Mistry, Modi, More, Mukherjee, Nair, Naidu, Nayak, Pandey, Panda, Parekh,
    Parmar, Patel, Patil, Pawar, Pillai, Prasad, Qureshi, Rajput, Rana, Rao, Rathod, Rawat, Reddy, Saini, Sahu, Sen, Sethi,
    Shah, Shaikh, Sharma, Shetty, Shinde, Shukla, Singh, Singhal, Sinha, Solanki, Soni, Srivastava, Swamy, Thakur, Thakkar,
    Tiwari, Trivedi, Tyagi, Vaghela, Varma, Verma, Vyas, Wagh, Yadav, Zaveri, D'Souza, Smith, Brown, Miller, Wilson"""),
    localities=_split("""
    Adarsh Nagar, Ambika Nagar, Ashok Vihar, Azad Nagar, Bapu Nagar, Bhagat Singh Colony, Civil Lines, Dwarka Puri, Gandhi Nagar,
    Ganesh Peth, Gokuldham, Govindpura, Hanuman Tekri, Indira Colony, Jawahar Nagar, Kalyan Pura, Kasba Peth, Krishna Vihar,
    Laxmi Nagar, Mahavir Nagar, Malviya Nagar, Model Town, Moti Bagh, Naya Bazar, Nehru Nagar, New Mondha, Old Grain Market, Patel Colony,
    Pratap Nagar, Raghunathpura, Rajendra Nagar, Ramdaspeth, Sadar Bazar, Sahyog Society, Sarafa Bazar, Sector 4, Sector 11,
    Shanti Niketan, Shastri Nagar, Shivaji Nagar, Station Plot, Subhash Nagar, Surya Nagar, Tilak Nagar, Transport Nagar, Udyog Nagar,
    Vaishali Nagar, Vidya Nagar, Vijay Nagar, Yamuna Vihar, Anaj Mandi, Dana Bunder, Cotton Green, Tikrapara"""),
    streets=_split("""
    Station Road, MG Road, Gandhi Road, Nehru Marg, Tilak Road, Bypass Road, Ring Road, Mandi Road, Temple Street, Mill Road,
    College Road, Hospital Road, Bazar Street, Jail Road, Link Road, Shivaji Marg, Patel Marg, Sarafa Gali, Market Lane,
    First Cross, Third Main, Canal Road, Club Road, GT Road, Church Street, Lake Road, Airport Road, Kalbadevi Road"""),
    buildings=_split("""
    Shanti Apartment, Sai Kripa, Om Complex, Krishna Tower, Laxmi Bhavan, Ganga Niwas, Trade Centre, Shree Chambers, Anand Bhawan,
    Pearl Heights, Rose Villa, Commerce House, Mangal Murti, Suraj Plaza, Green Park Flats, Annapurna Sadan"""),
    towns=_towns("""
    Rajkot/Gujarat/36, Gondal/Gujarat/36, Amreli/Gujarat/36, Surat/Gujarat/39, Vadodara/Gujarat/39, Ahmedabad/Gujarat/38,
    Akola/Maharashtra/44, Latur/Maharashtra/41, Nagpur/Maharashtra/44, Jalna/Maharashtra/43, Pune/Maharashtra/41, Mumbai/Maharashtra/40,
    Nashik/Maharashtra/42, Solapur/Maharashtra/41, Indore/Madhya Pradesh/45, Ujjain/Madhya Pradesh/45, Vidisha/Madhya Pradesh/46,
    Bhopal/Madhya Pradesh/46, Gwalior/Madhya Pradesh/47, Kota/Rajasthan/32, Jaipur/Rajasthan/30, Jodhpur/Rajasthan/34, Alwar/Rajasthan/30,
    Khanna/Punjab/14, Ludhiana/Punjab/14, Amritsar/Punjab/14, Sirsa/Haryana/12, Karnal/Haryana/13, Hisar/Haryana/12,
    Kanpur/Uttar Pradesh/20, Lucknow/Uttar Pradesh/22, Agra/Uttar Pradesh/28, Meerut/Uttar Pradesh/25, New Delhi/Delhi/11, Delhi/Delhi/11,
    Kalaburagi/Karnataka/58, Davangere/Karnataka/57, Bengaluru/Karnataka/56, Hubballi/Karnataka/58, Warangal/Telangana/50,
    Hyderabad/Telangana/50, Guntur/Andhra Pradesh/52, Vijayawada/Andhra Pradesh/52, Chennai/Tamil Nadu/60, Madurai/Tamil Nadu/62,
    Patna/Bihar/80, Gaya/Bihar/82, Kolkata/West Bengal/70, Siliguri/West Bengal/73, Cuttack/Odisha/75, Raipur/Chhattisgarh/49"""),
    firms=_split("""
    Shree Ganesh, Annapurna, Mahalaxmi, Bharat, Kisan, Krishi Vikas, Green Gold, Balaji, Om Sai, Sagar, Himalaya, Vardhman, Saurashtra,
    Malwa, Vidarbha, Golden Harvest, Surya, National, New India, Royal, Sunrise, Jai Kisan, Navbharat, Panchsheel, Deccan"""),
    domains=_split("""
    gmail.com, yahoo.co.in, rediffmail.com, kisanmail.in, bharatagro.com, mandibroker.in, outlook.com, anajtrade.co.in, krishi.org.in"""),
    handles=_split("okhdfcbank, oksbi, ybl, paytm, upi, ibl, axl, apl"),
)  # fmt: skip

HOLD = Words(
    given=_split("""
    Aakriti, Abhinav, Adnan, Advait, Aishwarya, Amol, Amrita, Anirudh, Archana, Arun, Atul, Avinash, Bhaskar, Bhavesh, Brijesh,
    Charan, Chitra, Damodar, Darshan, Dhanraj, Eknath, Gayatri, Gulshan, Harpreet, Himanshu, Ila, Irfan, Jagannath, Jignesh, Kanhaiya,
    Kartik, Kaushalya, Keshav, Kunal, Lokesh, Maheshwari, Mangesh, Mayank, Megha, Mithun, Mukund, Nasreen, Nikhil, Omkar, Parvati,
    Piyush, Prerna, Raghav, Rashmi, Ratan, Rohan, Rukmini, Sameer, Saroj, Shailesh, Shivani, Shreya, Siddharth, Sohan, Subhash, Sulochana,
    Sumit, Tanvi, Tarun, Tejas, Trupti, Ujjwal, Vaibhav, Vidya, Vipul, Vishnu, Yamini, Yusuf, Zubair, Lakhan, Mansukh, Devraj, Bhanwarlal"""),
    surnames=_split("""
    Acharya, Ambekar, Awasthi, Bairagi, Barot, Bedi, Bhalerao, Bharadwaj, Bora, Chakraborty, Chaturvedi, Chheda, Dange, Dhawan, Doshi,
    Ganatra, Godbole, Gogoi, Grewal, Hingorani, Ingle, Jaiswal, Kale, Kamble, Katariya, Kothari, Lodha, Mahapatra, Makwana, Mandloi,
    Mondal, Nagar, Natarajan, Nimbalkar, Oberoi, Pathak, Phadke, Purohit, Raghuvanshi, Ranganathan, Rastogi, Salunkhe, Sandhu, Sarkar,
    Shekhawat, Sodhi, Subramaniam, Talwar, Tomar, Upadhyay, Vasava, Wankhede, Zala"""),
    localities=_split("""
    Arera Colony, Bajrang Nagar, Bhaktinagar, Chandan Nagar, Cidco, Dhantoli, Gopalpura, Guru Nanak Pura, Harsh Nagar, Jamuna Colony,
    Kamla Nagar, Kotwali Ward, Lal Darwaza, Mochi Bazar, Naupada, Palasia, Prem Nagar, Ranip, Saket Nagar, Sector 22, Sindhi Colony,
    Sukhdev Vihar, Tower Chowk, Uttam Nagar, Varachha, Wadgaon, Yashodhara Nagar, Mahal, Itwari, Chhawani"""),
    streets=_split("""
    Kasturba Road, Ambedkar Marg, Siyaganj Road, Ghodasar Road, Kings Street, Bhandara Road, Fort Road, Dak Bungalow Road, Tank Lane,
    Second Cross, Azad Marg, Rani Sati Marg, Pipli Bazar, Sita Gali, Sabarmati Road, Cotton Mill Lane"""),
    buildings=_split("""
    Vrindavan Apartment, Shubham Complex, Ashirwad, Tirupati Tower, Parvati Niwas, Silver Arcade, Gokul Chambers, Matru Chhaya"""),
    towns=_towns("""
    Botad/Gujarat/36, Bhavnagar/Gujarat/36, Jamnagar/Gujarat/36, Amravati/Maharashtra/44, Yavatmal/Maharashtra/44, Sangli/Maharashtra/41,
    Dewas/Madhya Pradesh/45, Neemuch/Madhya Pradesh/45, Itarsi/Madhya Pradesh/46, Jabalpur/Madhya Pradesh/48, Baran/Rajasthan/32,
    Sri Ganganagar/Rajasthan/33, Bikaner/Rajasthan/33, Bathinda/Punjab/15, Patiala/Punjab/14, Rohtak/Haryana/12, Hapur/Uttar Pradesh/24,
    Jhansi/Uttar Pradesh/28, Bareilly/Uttar Pradesh/24, Raichur/Karnataka/58, Mysuru/Karnataka/57, Adilabad/Telangana/50, Nizamabad/Telangana/50,
    Adoni/Andhra Pradesh/51, Nellore/Andhra Pradesh/52, Erode/Tamil Nadu/63, Gulabbagh/Bihar/85, Muzaffarpur/Bihar/84, Barbil/Odisha/75,
    Bilaspur/Chhattisgarh/49, Asansol/West Bengal/71"""),
    firms=_split("""
    Ambika, Shri Hari, Trimurti, Kohinoor, Narmada, Satpura, Everest, Anmol, Jalaram, Gayatri Agro, Swastik, Pragati, Sahyadri, Unnati"""),
    domains=_split("icloud.com, hotmail.com, protonmail.com, dalmill.in, narmadaginning.co.in, satpuratraders.com, agripool.net"),
    handles=_split("okicici, okaxis, icici, sbi, hdfcbank, airtel, jupiteraxis, freecharge"),
)  # fmt: skip

WORDS: dict[Part, Words] = {"learn": LEARN, "hold": HOLD}
