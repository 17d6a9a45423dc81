"""Words that say nothing of what is looked for, in six languages."""

from __future__ import annotations

__all__ = ["STOP_WORDS"]

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

STOP_WORDS = frozenset(" ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _DUTCH)).split())
