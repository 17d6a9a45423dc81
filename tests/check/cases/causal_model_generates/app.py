import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class LocalLLM:
    def __init__(self, name):
        self.tokenizer = AutoTokenizer.from_pretrained(name)
        self.model = AutoModelForCausalLM.from_pretrained(name, torch_dtype=torch.float16).eval()

    def _generate(self, prompt, **options):
        inputs = self.tokenizer(prompt, return_tensors="pt").to(self.model.device)
        with torch.no_grad():
            output = self.model.generate(**inputs, **options)
        return self.tokenizer.decode(output[0], skip_special_tokens=True)

    async def answer(self, prompt):
        # expect: transformers.PreTrainedModel.generate
        return self._generate(prompt, max_new_tokens=200)
