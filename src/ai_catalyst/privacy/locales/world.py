"""What is the same everywhere: always on, beside the languages that were asked for."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="world",
    titles=words("dr prof ing dipl mag mgr bc msc phd mba"),
    streets=words(
        "ul ulica ulice u utca út útja tér tř třída náměstí nám námestie nábřeží aleja al os plac pl "
        "osiedle rynek strada str bulevardul bd aleea calea piața via viale piazza corso vicolo largo "
        "rua rúa r avenida av travessa praça alameda estrada rodovia calle c/ plaza paseo carrera cra "
        "camino rue chemin allée impasse quai place cours vej gade allé plads gata gatan vägen väg "
        "veg vegen vei veien gate plass tie katu kuja polku tänav tee puiestee iela gatve prospektas "
        "οδός οδος πλατεία λεωφόρος πάροδος улица ул проспект пр переулок бульвар площадь вулиця "
        "вул sokak sk sokağı cadde cad caddesi mahallesi mah bulvarı straße strasse str platz gasse "
        "weg allee ring damm ufer chaussee straat laan weg plein gracht kade singel dreef steenweg "
        "jalan jl jln marg nagar"
    ),
    street_ends=(
        "straße",
        "strasse",
        "gasse",
        "platz",
        "allee",
        "damm",
        "ufer",
        "chaussee",
        "straat",
        "laan",
        "plein",
        "gracht",
        "kade",
        "singel",
        "dreef",
        "steenweg",
        "gata",
        "gatan",
        "vägen",
        "gränd",
        "vej",
        "gade",
        "vænge",
        "stræde",
        "veien",
        "vegen",
        "gaten",
        "terrasse",
        "bakken",
        "katu",
        "tie",
        "kuja",
        "polku",
        "ranta",
        "utca",
        "stræti",
        "braut",
        "vegur",
    ),
    units=words("apt box psc suite unit lgh top stiege lok kv кв"),
    legal_forms=words(
        "gmbh ag kg ohg kgaa ug se e.v. mbh sa sarl sas eurl snc sa/nv sprl srl spa sapa scarl sl slu "
        "bv nv vof cv oy oyj ab hb as asa a/s aps k/s s.r.o. sro a.s. v.o.s. d.o.o. d.d. kft zrt nyrt "
        "bt sp. z_o.o. zoo ooo oao zao jsc pjsc ltda s.a. s.l. s.p.a. s.r.l. b.v. n.v. pty pte bhd "
        "sdn kk ltd llc inc corp plc"
    ),
    particles=words(
        "de da do dos das du des del della dello dei degli di la le el al bin ibn bint abu ben van von "
        "vom zu zum zur der den het ter ten te und y e i af av zur d' l' mac mc ap st saint san santa "
        "ibn el- al- o'"
    ),
)
