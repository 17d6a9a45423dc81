"""French."""

from __future__ import annotations

from ai_catalyst.privacy.locales.pack import LocalePack, words

PACK = LocalePack(
    code="fr",
    titles=words(
        "m mm mme mmes mlle monsieur madame mademoiselle dr docteur pr professeur maître me"
    ),
    kin=words("femme mari épouse époux fils fille frère sœur soeur mère père ami amie"),
    name_cues=(
        "je m'appelle",
        "je m’appelle",
        "s'appelle",
        "s’appelle",
        "mon nom est",
        "je suis",
        "nommé",
        "nommée",
        "cher",
        "chère",
        "bonjour",
        "cordialement",
        "représenté par",
        "représentée par",
        "née",
    ),
    name_labels=words(
        "nom prénom nom_de_famille patient patiente client cliente contact demandeur de à expéditeur "
        "destinataire signature titulaire assuré médecin témoin locataire propriétaire"
    ),
    cues={
        "phone": words(
            "téléphone tél tel portable mobile fax appeler appelez joindre joignable numéro"
        ),
        "card": words("carte bancaire cb"),
        "account": words("compte rib"),
        "passport": words("passeport"),
        "licence": words("permis permis_de_conduire"),
        "national-id": words(
            "sécurité_sociale nir insee carte_d'identité cni numéro_fiscal siren siret tva"
        ),
        "medical": words("ipp numéro_de_dossier"),
        "insurance": words("assurance police mutuelle contrat"),
        "vehicle": words("immatriculation plaque immatriculé immatriculée"),
        "reference": words("numéro n° no réf référence dossier commande facture contrat client"),
        "zip": words("code_postal cp"),
        "birth": words("né née naissance"),
        "username": words("identifiant pseudo utilisateur"),
        "secret": words("mot_de_passe mdp code_secret"),
        "plain-number": words("article articles loi décret page chapitre alinéa règlement section"),
    },
    months={
        name: number
        for number, names in enumerate(
            (
                "janvier janv",
                "février févr",
                "mars",
                "avril",
                "mai",
                "juin",
                "juillet juil",
                "août",
                "septembre",
                "octobre",
                "novembre",
                "décembre déc",
            ),
            1,
        )
        for name in names.split()
    },
    weekdays=words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    streets=words(
        "rue avenue boulevard chemin allée impasse quai place cours route passage square"
    ),
    units=words("appartement appt bâtiment bât étage escalier bp lot résidence"),
    address_cues=(
        "habite au",
        "habitant au",
        "demeurant au",
        "demeurant",
        "adresse :",
        "adresse:",
        "domicilié au",
        "domiciliée au",
        "situé au",
    ),
    bodies=words(
        "université école lycée collège académie institut hôpital clinique tribunal cour ministère "
        "préfecture mairie commission comité conseil association fondation syndicat parti banque "
        "société compagnie groupe église musée police gouvernement république centre agence"
    ),
    place_cues=words("à en au aux de vers chez ville village commune département région"),
    age_words=("ans",),
    particles=words("de du des la le et d"),
    function_words=words(
        "le la les de des et est en un une du que qui dans pour pas sur au avec je vous nous il elle ce "
        "sont par plus mon ma votre notre"
    ),
)
