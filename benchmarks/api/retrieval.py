"""How often what answers is among the first five passages, for questions in people's own words.

Two sets, both written for this. *Short*: one sentence, answered by a condition of the starter
knowledge base. *Long* (``counselling.txt``): sixty letters as people write to a counsellor, of
several sentences and with their mistakes, each answered by one passage that shares as few words
with it as it can; the starter knowledge base stands between them. ``--onnx FOLDER`` adds search by
meaning with a sentence model (``model.onnx``, ``tokenizer.json``); ``--database URL`` asks
PostgreSQL.
"""

# ruff: noqa: E501 - a question reads better on one line

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

QUESTIONS = """
I cry every morning and see no point in getting up | Single episode depressive disorder
It is the third time in my life that everything has gone grey | Recurrent depressive disorder
I have been gloomy since I was a teenager, never really bad, never good | Dysthymic disorder
The week before my period I scream at my kids and hate myself | Premenstrual dysphoric disorder
My sister had a baby four weeks ago and feels nothing for him | Depression in pregnancy and after birth
Three days after delivery she hardly sleeps and says the baby is the devil | Psychosis after childbirth
My son spent his savings in a week, talks without pause and needs no sleep | Bipolar type I disorder
Some weeks I am incredibly productive and then I crash for months | Bipolar type II disorder
I worry about money, my health, the children, everything, all day | Generalised anxiety disorder
My heart suddenly pounds and I am sure I am having a heart attack | Panic disorder
I cannot stand in a queue at the supermarket any more, I have to run out | Agoraphobia
I will not get a vaccination because needles make me faint | Specific phobia
I blush when the boss asks me something in a meeting and avoid lunch with colleagues | Social anxiety disorder
Our daughter has stomach aches every school day and sleeps in our bed | Separation anxiety disorder
He speaks at home but has not said a word at kindergarten | Selective mutism
I wash my hands until they bleed because of germs | Obsessive-compulsive disorder
I check in every mirror, my nose is deformed but nobody admits it | Body dysmorphic disorder
Doctors find nothing but I am convinced it is cancer | Hypochondriasis (health anxiety)
My mother's flat is full to the ceiling with newspapers | Hoarding disorder
She pulls out her hair while studying and has bald spots | Trichotillomania and skin picking
Since the assault I relive it at night and jump at every noise | Post-traumatic stress disorder
I was beaten as a child for years, I trust nobody and feel worthless | Complex post-traumatic stress disorder
My husband died two years ago and I have not touched his room | Prolonged grief disorder
Since the divorce I cannot concentrate at work | Adjustment disorder
The accident was yesterday and he is shaking and cannot remember | Acute stress reaction
Everything looks like a film, I watch myself from outside | Depersonalization-derealization disorder
Her leg is paralysed but the scan is normal | Dissociative neurological symptom disorder (functional)
My daughter eats three apples a day and runs for two hours, she is so thin | Anorexia nervosa
I eat everything in the fridge and then make myself vomit | Bulimia nervosa
I eat in secret at night until it hurts, but I do not throw up | Binge eating disorder
He eats only white bread and pasta and gags at everything else | Avoidant-restrictive food intake disorder
I have had pain everywhere for years and nobody believes me | Bodily distress disorder
I lie awake for hours every night | Chronic insomnia
I am afraid to fall asleep because of horrible dreams | Nightmare disorder
He hears voices that comment on what he does | Schizophrenia
My neighbour insists that her doctor is secretly in love with her | Delusional disorder
I lose my keys, forget appointments and never finish anything | Attention deficit hyperactivity disorder
Loud rooms hurt, and small talk is like a foreign language | Autism spectrum disorder
He blinks and clears his throat all the time and cannot stop | Tourette syndrome and tic disorders
Our eight year old argues about every single thing and blames others | Oppositional defiant disorder
I drink a bottle of wine every evening and shake in the morning | Disorders due to use of alcohol
My son smokes weed all day and does not get off the sofa | Disorders due to use of cannabis
She takes more and more painkillers and sweats without them | Disorders due to use of opioids
I have taken sleeping tablets for years and cannot stop | Disorders due to use of sedatives, hypnotics or anxiolytics
I want to quit cigarettes but fail each time | Disorders due to use of nicotine
My partner lost our savings on sports betting | Gambling disorder
He plays online games all night and skips school | Gaming disorder
I smash things when I get angry and regret it minutes later | Intermittent explosive disorder
One day she loves me, the next she hates me, and she cuts herself when I leave | Personality disorder with borderline pattern
Grandma has been confused since yesterday and sees animals | Delirium
Dad asks the same question ten times and got lost on the way home | Dementia due to Alzheimer disease
I cannot face my job any more, I am empty and cynical | Burn-out
We only fight or are silent, should we separate | Relationship distress with spouse or partner
"""


LETTERS = Path(__file__).with_name("counselling.txt")


def run(options: object) -> None:
    asyncio.run(measure(options.onnx, options.database))


def letters() -> list[tuple[str, str]]:
    """Return (question, answer) of every letter."""
    blocks = LETTERS.read_text(encoding="utf-8").strip().split("\n\n")
    return [tuple(block.removeprefix("Q: ").split("\nA: ")) for block in blocks]


async def measure(onnx: str | None, database: str | None) -> None:
    import os

    from ai_catalyst.assistant.config import ServiceConfig
    from ai_catalyst.assistant.service import Service
    from ai_catalyst.settings import Settings
    from ai_catalyst.store.search import NewPassage
    from ai_catalyst.store.vectors import HybridSearch

    short = [line.rsplit(" | ", 1) for line in QUESTIONS.strip().splitlines()]
    with tempfile.TemporaryDirectory() as name:
        os.environ["CATALYST_HOME"] = str(Path(name) / "home")
        settings = Settings(model="none", serve={"embeddings": onnx or ""})
        config = replace(ServiceConfig.load(settings, {}), database_url=database)
        service = Service(config, {})
        await service.prepare()
        rows = await service.driver.rows("SELECT uri, title FROM assistant_documents")
        titles = {row["uri"]: row["title"] for row in rows}
        for number, (_, answer) in enumerate(letters()):
            await service.passages.add("letters", f"letter:{number}", [NewPassage(answer)])
            titles[f"letter:{number}"] = str(number)
        long = [(question, str(number)) for number, (question, _) in enumerate(letters())]
        ways = {"words": service.passages.search}
        if service.embedder is not None:
            hybrid = HybridSearch(service.driver, service.passages, service.embedder)
            while await hybrid.fill():
                pass
            ways["words and meaning"] = hybrid.search
        for way, search in ways.items():
            for kind, asked, places in (
                ("short", short, ["shared"]),
                ("long", long, ["shared", "letters"]),
            ):
                first = five = 0
                for question, title in asked:
                    hits = await search(question, places, limit=5)
                    found = [titles[hit.document] for hit in hits]
                    first += found[:1] == [title]
                    five += title in found
                print(
                    f"{way:<18} {kind:<5} hit@1 {first / len(asked):.2f}, "
                    f"hit@5 {five / len(asked):.2f} of {len(asked)} questions"
                )
        await service.close()
