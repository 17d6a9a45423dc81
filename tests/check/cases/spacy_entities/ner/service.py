from .model import entities


class Anonymizer:
    async def anonymize(self, text):
        for value, label in entities(text):  # expect: spacy.language.Language
            text = text.replace(value, f"<{label}>")
        return text
