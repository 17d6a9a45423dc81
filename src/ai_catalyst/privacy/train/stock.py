"""What made-up people, firms and streets are put together from."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import listed, words

__all__ = [
    "CITIES",
    "CODAS",
    "COUNTRIES",
    "FIRM_HEADS",
    "FIRM_WORDS",
    "FIRST_TAILS",
    "FORMS",
    "GIVEN",
    "JOBS",
    "MONTHS",
    "NATIONS",
    "ONSETS",
    "STREETS",
    "STREET_ENDS",
    "SURNAMES",
    "TAILS",
    "TITLES",
    "TOWN_TAILS",
    "VOWELS",
]

GIVEN = sorted(
    words(
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard "
        "Susan Joseph Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Margaret Mark "
        "Sandra Paul Ashley Steven Kimberly Andrew Emily Kenneth Donna Joshua Michelle Kevin Dorothy Brian "
        "Carol George Amanda Edward Melissa Ronald Deborah Timothy Stephanie Jason Rebecca Jeffrey Sharon "
        "Ryan Laura Jacob Cynthia Gary Kathleen Nicholas Amy Eric Shirley Jonathan Angela Stephen Helen "
        "Hans Ulrike Jürgen Sabine Klaus Monika Stefan Petra Wolfgang Heike Dieter Anja Jörg Silke Uwe "
        "Pierre Marie Jean Sylvie Michel Nathalie Philippe Isabelle Alain Céline Luc Amélie Étienne Chloé "
        "José María Antonio Carmen Manuel Ana Francisco Isabel Javier Lucía Pablo Elena Diego Rocío Álvaro "
        "Giuseppe Francesca Giovanni Giulia Marco Chiara Luca Alessandra Matteo Valentina Paolo Federica "
        "Jan Anna Piet Sanne Kees Marieke Joost Femke Willem Anouk Sven Ingrid Lars Astrid Erik Birgit Bjørn "
        "Piotr Katarzyna Andrzej Agnieszka Tomasz Małgorzata Jiří Tereza Petr Jana István Katalin László Ágnes "
        "Ivan Olga Dmitri Svetlana Sergei Natalia Mehmet Ayşe Mustafa Fatma Ahmed Fatima Omar Layla Yusuf "
        "Amina Ali Zeynep Wei Mei Jun Hiroshi Yuki Kenji Aiko Min Raj Priya Arjun Ananya Sanjay Deepa Kwame "
        "Amara Chidi Ngozi Thabo Zanele Nikos Eleni Giorgos Ana Mihai Ioana Andrei Milan Jelena Dragan Marija "
        "Janne Aino Mikko Päivi Tiago Beatriz João Inês Oleksandr Oksana Levan Nino Aram Ani Tamás Zsófia".replace(
            "_", "-"
        )
    )
)
SURNAMES = sorted(
    words(
        "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Jackson Martin Lee "
        "Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Torres Hill Green "
        "Adams Nelson Baker Hall Campbell Mitchell Carter Roberts Phillips Evans Turner Parker Edwards Collins "
        "Stewart Morris Murphy Cook Rogers Reed Bailey Cooper Richardson Cox Howard Ward Peterson Gray Watson "
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf "
        "Dubois Durand Leroy Moreau Laurent Simon Michel Lefebvre Bertrand Roux Vincent Fournier Girard Lambert "
        "García Martínez López Sánchez Pérez Gómez Fernández Díaz Ruiz Moreno Álvarez Romero Navarro Domínguez "
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti Galli Costa Fontana "
        "Jansen Bakker Visser Smit Mulder Bos Vos Peters Hendriks Dekker Brouwer Hansen Larsen Nilsson Berg "
        "Nowak Kowalski Wiśniewski Kamiński Novák Svoboda Dvořák Nagy Kovács Szabó Horváth Ivanov Petrov Smirnov "
        "Yılmaz Kaya Demir Çelik Şahin Aydın Öztürk Khan Hussain Patel Sharma Singh Gupta Kumar Chen Wang Li Zhang "
        "Tanaka Suzuki Sato Kim Park Nguyen Tran Okafor Mensah Papadopoulos Popescu Jovanović Virtanen Silva Santos".replace(
            "_", "-"
        )
    )
)
ONSETS = listed(
    "b br c ch d dr f fl g gr h j k kr l m n p pr r s sh sk st t tr v w z zh ts kh th y"
)
VOWELS = "a a a e e e i i o o u ai ei ou ia ö ü á é í".split()  # noqa: SIM905
CODAS = ["", "", "", "n", "r", "l", "s", "k", "m", "t", "nd", "rt", "sh"]
TAILS = listed(
    "son sen sson ski ska sky ová ova ov ev enko uk ić ović ič ák ek ová escu eanu idis "
    "opoulos akis oğlu ez es ini elli etti ari ano aert mans ers stra sma inen nen äinen "
    "berg mann stein feld bauer ian yan shvili dze wala kar nathan moto yama mura wei ang "
    "ong ado eiro inho"
)
FIRST_TAILS = [
    "",
    "",
    "a",
    "a",
    "ia",
    "ina",
    "o",
    "us",
    "an",
    "in",
    "ek",
    "ka",
    "el",
    "is",
    "ett",
    "y",
    "i",
    "e",
]
TOWN_TAILS = listed(
    "ville ton burg berg ham field ford stad by holm hausen dorf kirchen ovo ice any ovka "
    "abad pur kent iki polis eva ano ara ina ella ona ey mouth port wick stead minster "
    "worth"
)
FIRM_WORDS = listed(
    "Alpha Blue Bright North Harbor Summit Cedar Falcon Orbit Pixel Quantum River Silver "
    "Solar Stellar Terra Vertex Vector Global United Premier Atlas Beacon Crescent Delta "
    "Ember Fusion Granite Horizon Ivory Juniper Keystone Lumen Meridian Nimbus Onyx "
    "Pinnacle Redwood Sapphire Titan Urban Velocity Willow Zenith Open Smart Green First "
    "Data Cloud Health Food Energy Trade Garden City Royal Prime Swift Clear"
)
FIRM_HEADS = listed(
    "Systems Solutions Technologies Consulting Partners Holdings Group Industries "
    "Logistics Pharma Media Foods Insurance Bank Capital Ventures Labs Software Energy "
    "Motors Foundation Institute University Hospital Clinic Academy College Museum Agency "
    "Association Society Orchestra Press Airlines Hotels Services Networks Studios"
)
FORMS = "Inc Ltd LLC Corp GmbH AG SA BV AB Oy SpA Srl plc PLC Inc. Ltd. Co. Corporation Limited KG SE NV".split()  # noqa: SIM905
STREETS = "Street St Avenue Ave Road Rd Lane Drive Boulevard Blvd Way Court Place Terrace Crescent Close Square Isle Parks Coves Hill Rise Loop".split()  # noqa: SIM905
MONTHS = listed(
    "January February March April May June July August September October November December"
)
NATIONS = listed(
    "Turkish Polish German Austrian Swedish Norwegian French Italian Spanish British "
    "Russian Ukrainian Greek Dutch Belgian Czech Hungarian Romanian Bulgarian Croatian "
    "Serbian Kurdish Nigerian Kenyan Indian Chinese Japanese Korean Vietnamese Brazilian "
    "Mexican Canadian American Australian Irish Scottish Danish Finnish Swiss Syrian "
    "Iraqi Iranian Afghan Somali Moroccan Algerian Egyptian Israeli Jewish Muslim "
    "Catholic"
)
COUNTRIES = [
    "Turkey",
    "Poland",
    "Germany",
    "Austria",
    "Sweden",
    "Norway",
    "France",
    "Italy",
    "Spain",
    "Russia",
    "Ukraine",
    "Greece",
    "Belgium",
    "Hungary",
    "Romania",
    "Bulgaria",
    "Croatia",
    "Serbia",
    "Nigeria",
    "Kenya",
    "India",
    "China",
    "Japan",
    "Vietnam",
    "Brazil",
    "Mexico",
    "Canada",
    "Australia",
    "Ireland",
    "Scotland",
    "Denmark",
    "Finland",
    "Switzerland",
    "Syria",
    "Iraq",
    "Iran",
    "Somalia",
    "Morocco",
    "Algeria",
    "Egypt",
    "Israel",
    "Estonia",
    "Iceland",
    "Portugal",
    "Uruguay",
    "Chile",
    "Tunisia",
    "Cyprus",
    "Slovenia",
    "New Zealand",
    "United Kingdom",
    "United States",
    "South Africa",
    "Czech Republic",
    "Costa Rica",
]
CITIES = listed(
    "London Paris Berlin Madrid Rome Vienna Warsaw Prague Budapest Istanbul Ankara Izmir "
    "Athens Dublin Oslo Stockholm Helsinki Copenhagen Amsterdam Brussels Zurich Munich "
    "Hamburg Milan Barcelona Lisbon Moscow Kyiv Chicago Boston Seattle Denver Houston "
    "Toronto Sydney Mumbai Delhi Tokyo Seoul Lagos Nairobi Cairo"
)
JOBS = listed(
    "nurse teacher lawyer electrician carpenter accountant engineer journalist farmer "
    "dancer dentist plumber pharmacist police_officer university_professor "
    "research_assistant primary_school_teacher truck_driver software_developer "
    "sales_manager bus_driver civil_servant prison_guard social_worker hairdresser chef "
    "painter translator librarian paramedic radiographer data_analyst product_manager "
    "shop_assistant bricklayer welder conductor photographer marketing_director "
    "human_resources_specialist insurance_broker estate_agent"
)
TITLES = "Mr Mrs Ms Dr Mr. Mrs. Ms. Dr. Prof. Miss Professor Mr Mrs Mr. Ms.".split()  # noqa: SIM905
STREET_ENDS = listed("straße strasse gasse gata vägen straat weg gade katu vej laan")
