"""English."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="en",
    titles=words(
        "mr mrs ms miss mx dr prof professor sir madam madame dame lord lady rev reverend fr father "
        "sister brother hon judge justice capt captain col colonel gen general lt lieutenant maj "
        "major sgt sergeant cpl corporal pvt private inspector detective constable officer "
        "president senator governor ambassador chancellor bishop cardinal rabbi imam sheikh "
        "princess prince queen king count countess baron baroness duke duchess nurse uncle aunt "
        "auntie coach attorney"
    ),
    kin=words(
        "wife husband spouse partner son daughter brother sister mother father mom mum dad "
        "grandmother grandfather grandma grandpa uncle aunt cousin nephew niece boyfriend "
        "girlfriend fiancé fiancée friend colleague boss manager neighbour neighbor landlord "
        "roommate child kid baby stepson stepdaughter guardian"
    ),
    name_cues=(
        "my name is",
        "name is",
        "names are",
        "i am called",
        "call me",
        "named",
        "i'm",
        "i’m",
        "i am",
        "this is",
        "signed by",
        "written by",
        "directed by",
        "represented by",
        "on behalf of",
        "care of",
        "c/o",
        "attn",
        "attention",
        "dear",
        "hi",
        "hello",
        "hey",
        "regards",
        "sincerely",
        "yours",
        "cheers",
        "thanks",
        "under the name",
        "in the name of",
        "maiden name is",
        "surname is",
        "speak to",
        "speak with",
        "spoke to",
        "spoke with",
        "talk to",
        "talked to",
        "follow up with",
        "meeting with",
        "met with",
        "married to",
        "said",
        "signed",
        "by",
        "with",
        "ask",
        "contact",
        "tell",
        "told",
        "hereby",
        "starring",
    ),
    name_labels=words(
        "name names first_name last_name full_name surname given_name family_name middle_name "
        "maiden_name firstname lastname fullname username_name patient patient_name customer client "
        "contact contact_person employee applicant author from to cc bcc attn attention signed "
        "signature sender recipient owner holder cardholder beneficiary insured witness lawyer "
        "doctor physician user speaker interviewer interviewee prepared_by approved_by reviewed_by "
        "submitted_by reported_by assignee reporter guest host tenant landlord student teacher"
    ),
    cues={
        "phone": words(
            "phone phones telephone tel mobile cell cellphone cellular fax call calling called dial "
            "ring text sms whatsapp my_number your_number his_number her_number their_number our_number "
            "contact_number hotline desk reach telegram signal landline extension ext voicemail "
            "answering answer messages message registered direct_line contact_me contact_us"
        ),
        "card": words(
            "card cards cc visa mastercard amex credit debit maestro discover jcb diners"
        ),
        "ssn": words("ssn ssns social_security social_insurance itin tin"),
        "iban": words("iban account bank transfer"),
        "account": words(
            "account acct a/c routing aba sort_code bsb swift bic bank_account checking savings"
        ),
        "passport": words("passport"),
        "licence": words(
            "license licence licences licenses driver's_license driver_license driving_licence dl "
            "driver’s_license permit"
        ),
        "national-id": words(
            "national_id identity_card id_card identity_number identification national_insurance "
            "personal_number citizen_id nino nhs nhs_number aadhaar pan_card voter_id green_card "
            "alien_number residence_permit visa_number tax_id taxpayer tax_number vat ein"
        ),
        "medical": words(
            "mrn medical_record medical_record_number patient_id patient_number health_card "
            "chart_number hospital_number case_id npi dea"
        ),
        "insurance": words(
            "insurance policy member_id subscriber_id group_number medicare medicaid claim_number "
            "health_plan beneficiary_number policy_number"
        ),
        "vehicle": words(
            "vin plate plates license_plate licence_plate number_plate registration vehicle chassis "
            "registered_keeper"
        ),
        "reference": words(
            "id ids number no nos nr ref reference case application file docket order invoice ticket "
            "customer client employee booking confirmation tracking serial account contract claim "
            "registration badge membership member student matriculation user record code plot plots "
            "imei imsi iccid device device_id uuid guid session transaction receipt parcel"
        ),
        "zip": words("zip zipcode zip_code postal postcode postal_code post_code"),
        "birth": words("born dob birth birthday birthdate date_of_birth b."),
        "username": words(
            "username user_name login handle nickname screen_name userid user_id twitter instagram "
            "skype discord telegram github account_name alias"
        ),
        "secret": words(
            "password passwd pwd pass passphrase passcode pin secret token api_key apikey api-key "
            "access_key access_token auth_token client_secret private_key credential credentials "
            "secret_key bearer cvv cvc security_code otp"
        ),
        "gps": words("gps lat latitude lon lng longitude coordinates location coords"),
        "plain-number": words(
            "version v section sections article articles chapter page pages law rule rules protocol "
            "paragraph clause § isbn issn doi act regulation directive resolution isbn-13 decree "
            "figure table step item line volume issue edition model size port release build rfc"
        ),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "january jan",
                "february feb",
                "march mar",
                "april apr",
                "may",
                "june jun",
                "july jul",
                "august aug",
                "september sept sep",
                "october oct",
                "november nov",
                "december dec",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("monday tuesday wednesday thursday friday saturday sunday"),
    streets=words(
        "street st str avenue ave av road rd lane ln drive dr boulevard blvd court ct place pl square "
        "sq terrace ter way highway hwy parkway pkwy circle cir crescent cres close row alley mews "
        "trail trl walk plaza pike path gardens grove hill heights view loop run crossing turnpike "
        "expressway freeway route mall quay wharf esplanade promenade parade green rise isle island "
        "islands ridge point port cove coves bypass throughway stravenue underpass overpass knoll "
        "knolls manor meadow meadows mission mount mountain forge forges fort fork forks hollow "
        "inlet junction key keys lake lakes landing light lights lock locks lodge camp canyon cape "
        "causeway center centre cliff cliffs club common corner corners course creek dale dam divide "
        "estate estates extension falls ferry field fields flat flats ford forest garden gateway glen "
        "glens groves harbor harbors haven hills motorway neck orchard oval park parks pass passage "
        "pine pines plain plains port ports prairie radial ramp ranch rapid rapids rest river road "
        "roads rue shoal shoals shore shores skyway spring springs spur spurs squares station stream "
        "streets summit trace track trafficway tunnel union unions valley valleys via viaduct views "
        "village villages ville vista walks wall ways well wells bend bluff bluffs bottom branch "
        "bridge brook brooks burg burgs"
    ),
    street_ends=(),
    units=words("apt apartment suite ste unit floor flat room bldg box block dept"),
    address_cues=(
        "address is",
        "address:",
        "addresses:",
        "lives at",
        "live at",
        "lives on",
        "live on",
        "living at",
        "lived at",
        "residing at",
        "resides at",
        "located at",
        "situated at",
        "office is at",
        "office at",
        "meet at",
        "meet me at",
        "meet you at",
        "taxi to",
        "sent to",
        "send to",
        "send it to",
        "ship to",
        "shipped to",
        "deliver to",
        "delivered to",
        "return to",
        "moved to",
        "drops you off at",
        "drop off at",
        "pick up at",
        "enter on",
        "restaurant is at",
        "address with",
        "new one to",
        "user:",
        "here they are:",
        "home at",
        "house at",
        "headquarters at",
        "side of",
    ),
    bodies=words(
        "university college school academy institute institution hospital clinic court tribunal "
        "ministry department office agency authority commission committee council board bureau "
        "federation association society foundation union party bank company corporation group "
        "holdings partners church museum library police service services government republic "
        "assembly parliament senate chamber directorate prosecutor registry fund trust centre "
        "center club league army command brigade regiment embassy consulate airline airlines "
        "airport station hotel restaurant press times post news magazine studio studios records "
        "entertainment systems solutions technologies technology software labs laboratories "
        "consulting industries international enterprises motors pharmaceuticals insurance "
        "investments capital ventures media communications logistics energy airlines orchestra "
        "municipality prison administration inspectorate organisation organization bar faculty "
        "ensemble theatre theater community parish diocese guild syndicate cooperative factory "
        "supermarket stores store markets realty realtors bakery brewery treasury railways railway directorate division forces staff cemetery navy constabulary legation consortium alliance confederation congress secretariat panel troops battalion squadron fleet militia kingdom principality duchy conseil observatory laboratory conservatory kindergarten monastery abbey"
    ),
    legal_forms=words(
        "inc incorporated corp corporation co company ltd limited llc llp lp plc pte pty gmbh ag sa "
        "sarl bv nv oy ab as spa srl kg ohg se ug e.v. & pllc pc bhd"
    ),
    place_cues=words(
        "in at from to near via around outside inside through toward towards between visit visiting "
        "visited leaving left reach reached across throughout into within southern northern eastern "
        "western central downtown village town city district region province county municipality "
        "capital moved back"
    ),
    age_words=(
        "years old",
        "year old",
        "year-old",
        "years-old",
        "y/o",
        "yo",
        "yrs old",
        "years of age",
    ),
    particles=words("of the and for"),
    occupations=words(
        "accountant actor actress actuary administrator advisor adviser advocate analyst archaeologist "
        "architect artist assistant astronaut attendant attorney author baker banker barber barista "
        "barrister bartender biologist bookkeeper bricklayer broker builder butcher buyer captain "
        "caretaker carpenter carer cashier chef chemist chiropractor cleaner clerk coach composer "
        "conductor consultant contractor cook coordinator counsellor counselor courier craftsman curator "
        "dancer dealer dentist designer detective developer dietitian director diver doctor driver "
        "economist editor editor-in-chief electrician engineer estimator executive farmer firefighter "
        "fisherman fitter florist foreman gardener geologist guard guide hairdresser handyman "
        "historian housekeeper housewife illustrator inspector instructor interpreter investigator "
        "jeweller joiner journalist judge labourer lawyer lecturer librarian lieutenant machinist "
        "manager mason mathematician mechanic merchant messenger midwife miner minister model "
        "musician notary nurse nutritionist officer operator optician packager painter paramedic "
        "pathologist pensioner pharmacist photographer physician physicist physiotherapist pilot "
        "planner plumber poet police-officer policeman policewoman politician porter postman "
        "practitioner priest principal printer producer professor programmer prosecutor psychiatrist "
        "psychologist publisher rabbi radiographer receptionist recruiter referee reporter "
        "representative researcher sailor salesman salesperson saleswoman scientist seamstress secretary "
        "sergeant servant shopkeeper singer solicitor soldier specialist statistician student "
        "superintendent supervisor surgeon surveyor tailor teacher technician technologist therapist "
        "trader trainer translator tutor typist usher veterinarian waiter waitress warden watchman "
        "weaver welder worker writer"
    ),
    function_words=words(
        "the and of to in that is was for it with as his he be on by at this had are but from or have "
        "an they which you were her she all their not my please your"
    ),
)
