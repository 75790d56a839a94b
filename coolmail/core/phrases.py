"""What mail clients and letter writers say around a letter, in the languages coolmail knows.

Tables only. The wordings are those of Gmail, Outlook, Thunderbird, Apple Mail, Yahoo and Proton in Danish, Dutch, English, Finnish, French,
German, Italian, Norwegian, Polish, Portuguese, Spanish and Swedish, all casefolded, with a few neighbours that come along for free.
"""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(phrase for line in lines for phrase in line.split(" | "))


WROTE = _words(
    "wrote | writes",
    "skrev | skreiv | skriver",
    "schrieb | schrieben | geschrieben",
    "schreef | geschreven",
    "écrit | ecrit",
    "escribió | escribio | ha escrito",
    "escreveu",
    "scritto | scrive",
    "napisał | napisała | napisal | pisze",
    "kirjoitti | kirjoittaa",
    "написал | написала | пишет | писал | napsal | napsala | írta | scris | yazdı",
)
"""The verb of an attribution line ("On ... Anna wrote:")."""

ADDRESSED = _words(
    "you wrote | you have written",
    "du skrev | skrev du | i skrev | skrev i | ni skrev | skrev ni | dere skrev",
    "schrieben sie | schriebst du | haben sie geschrieben | hast du geschrieben",
    "schreef je | schreef jij | schreef u",
    "vous avez écrit | vous écrivez | tu as écrit",
    "hai scritto | avete scritto",
)
"""Attributions that speak to the reader: prose more often than a client's line, so nothing below is cut without a quote mark."""

ATTRIBUTION_OPENERS = _words(
    "on | den | am | op | le | el | il | em | às | w dniu | dnia | pe | på | il giorno | no dia",
    "man | tir | ons | tor | fre | lør | søn | mån | tis | tors | lör | sön | tirs",
    "mon | tue | wed | thu | fri | sat | sun | mo | di | mi | do | fr | sa | so | ma | wo | vr | za | zo",
    "lun | mar | mer | jeu | ven | sam | dim | gio | sab | dom | seg | ter | qua | qui | sex | sáb | mié | jue | vie",
    "pon | wt | śr | czw | pt | sob | niedz | ti | ke | to | pe | la | su",
)

HEADER_NAMES: dict[str, str] = {
    name: kind
    for kind, names in {
        "from": "from | von | fra | från | van | de | da | od | lähettäjä | expéditeur | remitente | mittente | nadawca | afzender "
        "| afsender | от",
        "date": "sent | date | gesendet | datum | sendt | dato | skickat | verzonden | envoyé | envoyé le | enviado | enviado el "
        "| enviado em | enviada em | enviada | fecha | data | inviato | inviata | wysłano | wysłane | lähetetty | päivämäärä "
        "| päiväys | pvm | sendt den | отправлено | дата",
        "to": "to | an | til | till | aan | à | para | a | do | destinataire | destinatario | destinatário | vastaanottaja | adresat | кому",
        "subject": "subject | betreff | emne | ämne | onderwerp | objet | sujet | asunto | assunto | oggetto | temat | aihe | тема",
        "cc": "cc | kopie | kopi | kopia | copie | copia | cópia | kopio | dw | bcc | reply-to | importance | attachments | prioritet | wichtigkeit",
    }.items()
    for name in names.split(" | ")
}
"""Names in the header block that Outlook and others put above a quoted mail, and which header they stand for."""

ORIGINAL = _words(
    "original message | original appointment | reply message | original e-mail",
    "ursprüngliche nachricht | originalnachricht | original-nachricht | ursprüngliche mail",
    "oprindelig meddelelse | oprindelig besked | oprindelig mail | opprinnelig melding",
    "ursprungligt meddelande | originalmeddelande",
    "oorspronkelijk bericht | origineel bericht | oorspronkelijke bericht",
    "message d'origine | message d’origine | message original | message initial",
    "mensaje original | mensagem original | messaggio originale | messaggio original",
    "wiadomość oryginalna | oryginalna wiadomość | alkuperäinen viesti | исходное сообщение",
)
FORWARDED = _words(
    "forwarded message | begin forwarded message | forwarded by",
    "weitergeleitete nachricht | weitergeleiteten nachricht | weitergeleiteten e-mail | weitergeleitete e-mail",
    "videresendt besked | videresendt meddelelse | videresendt mail | videresendt melding | videresendt e-post",
    "vidarebefordrat meddelande | vidarebefordrat brev | vidarebefordrat mejl",
    "doorgestuurd bericht | doorgezonden bericht",
    "message transféré | message réexpédié | message transmis",
    "mensaje reenviado | mensagem encaminhada | mensagem reencaminhada | messaggio inoltrato",
    "przekazana wiadomość | wiadomość przekazana | przekazywanej wiadomości | przesłana wiadomość",
    "välitetty viesti | edelleenlähetetty viesti",
)

SENT_FROM = _words(
    "sent from | sent with | sent via | sent using | get outlook for | via mobile | sent by",
    "gesendet von | gesendet mit | von meinem | von meiner | diese nachricht wurde von | outlook für | holen sie sich outlook",
    "sendt fra | sendt med | hent outlook | få outlook | skickat från | skickades från | skaffa outlook | hämta outlook",
    "verzonden vanaf | verstuurd vanaf | verzonden met | verstuurd met | download outlook | outlook voor",
    "envoyé de | envoyé depuis | envoyé à partir | envoyé avec | téléchargez outlook | obtenir outlook | télécharger outlook",
    "enviado desde | enviado con | obtener outlook | enviado do | enviado de | enviado a partir | enviado com | obter o outlook",
    "inviato da | inviato con | scarica outlook | ottieni outlook | wysłane z | wysłano z | pobierz outlook | pobierz aplikację outlook",
    "lähetetty | hanki outlook",
)
"""How the line begins that a phone or an app puts below a mail."""

CLOSINGS = _words(
    "best regards | kind regards | warm regards | regards | with kind regards | with best regards | best wishes | best | all the best",
    "yours sincerely | sincerely | yours faithfully | yours truly | cheers | many thanks | thanks | thank you | thanks and regards | br",
    "mit freundlichen grüßen | mit freundlichen grüssen | mit freundlichem gruß | freundliche grüße | viele grüße | beste grüße | liebe grüße",
    "schöne grüße | herzliche grüße | gruß | grüße | mfg | lg | vg | hochachtungsvoll | mit besten grüßen",
    "med venlig hilsen | venlig hilsen | mange hilsner | bedste hilsner | hilsen | mvh | vh | kh | med vennlig hilsen | vennlig hilsen | hilsen fra",
    "med vänliga hälsningar | vänliga hälsningar | vänlig hälsning | med vänlig hälsning | hälsningar | bästa hälsningar | mvh",
    "met vriendelijke groet | met vriendelijke groeten | vriendelijke groet | vriendelijke groeten | hartelijke groeten | groet | groeten | mvg",
    "cordialement | bien cordialement | bien à vous | salutations | sincères salutations | meilleures salutations | cdt | bien à toi",
    "saludos | un saludo | saludos cordiales | atentamente | cordialmente | un cordial saludo | reciba un cordial saludo",
    "atenciosamente | cumprimentos | com os melhores cumprimentos | melhores cumprimentos | abraços | abraço | obrigado | obrigada | att",
    "cordiali saluti | distinti saluti | saluti | un saluto | un cordiale saluto | a presto",
    "pozdrawiam | z poważaniem | z wyrazami szacunku | serdecznie pozdrawiam | pozdrawiam serdecznie | z pozdrowieniami",
    "ystävällisin terveisin | terveisin | parhain terveisin | yt | t",
)

DISCLAIMER_STARTS = _words(
    "confidentiality notice | confidentiality note | disclaimer | legal notice | legal disclaimer | privileged and confidential | privacy notice",
    "please consider the environment | think before you print | before printing | please think about the environment",
    "haftungsausschluss | vertraulichkeitshinweis | bitte denken sie an die umwelt | bitte prüfen sie, ob diese mail",
    "tænk på miljøet | tenk på miljøet | tänk på miljön | denk aan het milieu | pensez à l'environnement | pensez à l’environnement",
    "avis de confidentialité | aviso de confidencialidad | aviso legal | antes de imprimir | aviso de confidencialidade | avviso di riservatezza",
    "prima di stampare | klauzula poufności | luottamuksellisuus",
)
DISCLAIMER_MAIL = (
    "this e-mail|this email|this message|this mail|this communication|this transmission|diese e-mail|diese mail|diese nachricht|denne e-mail|"
    "denne mail|denne meddelelse|denne e-post|denne melding|detta e-post|detta meddelande|detta mejl|dit bericht|deze e-mail|deze mail|"
    "ce message|cet e-mail|ce courriel|ce mail|este mensaje|este correo|esta mensagem|este e-mail|este email|questo messaggio|"
    "questa e-mail|questa mail|presente messaggio|ta wiadomość|niniejsza wiadomość|tämä viesti|tämä sähköposti"
)
DISCLAIMER_PRIVATE = (
    "confidential|privileged|vertraulich|fortrolig|konfidentiell|sekretess|konfidensiell|vertrouwelijk|confidentiel|confidencial|"
    "riservat|confidenzial|poufn|luottamuksell"
)
DISCLAIMER_READER = (
    "intended|addressee|recipient|in error|by mistake|empfänger|adressat|irrtümlich|modtager|fejl|mottaker|mottagare|misstag|feil|"
    "geadresseerde|bestemd|ontvanger|per vergissing|destinataire|erreur|destinatari|por error|por engano|por erro|per errore|adresat|"
    "odbiorc|omyłk|vastaanottaj|vahingossa|erehdyksess"
)
"""A paragraph that has a word of each of the three tables is a disclaimer; two of them may be the author's own words."""
