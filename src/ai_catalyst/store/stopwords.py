"""Words that say nothing of what is looked for, in six languages.

A question has one language: "die" and "war" say nothing in German, and much in English.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["stop_words_of"]

_ENGLISH = """
a about after again all also am an and any are aren't as at be because been before being but by can
can't cannot could did didn't do does doesn't doing don't for from get got had has hasn't have
haven't having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just
like me more most my no not of on only or other our ours out over own really same she should so
some such than that that's the their theirs them then there these they they're this those though to
too under until up very was wasn't we were what when where which while who whom why will with won't
would you your yours
"""
_GERMAN = """
aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den denn der
des die dies diese doch dort du durch ein eine einem einen einer eines er es etwas euch für hab habe
haben hat hatte hier ich ihm ihn ihr im in ist ja jede kann kein keine können man mein mich mir mit
nach nicht noch nun nur ob oder ohne sein seine sich sie sind so soll über um und uns unser unter
vom von vor war was weil wenn wer werden wie wieder wir wird wo zu zum zur
"""
_FRENCH = """
au aux avec ce ces cette dans de des du elle en est et eux il ils j'ai je la le les leur lui ma mais
me mes moi mon ne nos notre nous on ou par pas pour qu que qui sa se ses son sont suis sur ta te tes
toi ton tu un une vos votre vous
"""
_SPANISH = """
al como con de del desde el ella ellas ellos en entre era es esta este esto la las le les lo los me
mi mis muy no nos o para pero por porque que se ser si sin sobre son soy su sus también te tiene tu
un una y yo
"""
_ITALIAN = """
al alla anche che chi ci come con da dal della di e ed era gli ha ho i il in io la le lei lo loro ma
mi mia mio nel nella no noi non o per perché più quella quello questa questo se si sono su sua suo
ti tra tu un una
"""
_DUTCH = """
aan als bij dat de deze die dit door een en er had heb hebben heeft het hij hoe ik in is je kan maar
me met mijn naar niet nog of om ons ook op over te tot u uit van voor was wat we wel wie wij worden
ze zich zijn zo
"""

# Written in haste, a contraction has no apostrophe.
_HASTE = """
arent cant couldnt didnt doesnt dont hadnt hasnt havent hes id ill im isnt ive lets shes shouldnt
thats theres theyre wasnt werent whats wont wouldnt youre youve gonna wanna
"""

_LANGUAGES = tuple(
    frozenset(words.split())
    for words in (f"{_ENGLISH} {_HASTE}", _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _DUTCH)
)
_ALL = frozenset[str]().union(*_LANGUAGES)


def stop_words_of(words: Sequence[str]) -> frozenset[str]:
    """Return the stop words of the language that most of the words' own are of.

    Where two languages are as likely, both: of two or three words nobody can tell.
    """
    counts = [sum(word in language for word in words) for language in _LANGUAGES]
    most = max(counts)
    likely = [one for one, count in zip(_LANGUAGES, counts, strict=True) if count == most and count]
    return frozenset[str]().union(*likely) if likely else _ALL
