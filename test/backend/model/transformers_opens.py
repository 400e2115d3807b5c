"""Opens exports in transformers and prints what it finds as JSON, for transformers.test.ts. Argument: a JSON list of
{original, exported, gguf, texts}: folder of the original or null, exported folder (or folder of the GGUF file),
GGUF file name or null, texts to encode."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

torch.set_num_threads(1)
results = []
for job in json.loads(sys.argv[1]):
    where = {} if job["gguf"] is None else {"gguf_file": job["gguf"], "dtype": torch.float32}
    where = where or {"dtype": "auto", "output_loading_info": True}
    loaded = AutoModelForCausalLM.from_pretrained(job["exported"], **where)
    model, info = loaded if isinstance(loaded, tuple) else (loaded, {"missing_keys": [], "unexpected_keys": []})
    tokenizer = AutoTokenizer.from_pretrained(job["exported"], **({"gguf_file": job["gguf"]} if job["gguf"] else {}))
    result = {
        "dtype": str(model.dtype),
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "eos": model.generation_config.eos_token_id,
        "ids": [tokenizer(text).input_ids for text in job["texts"]],
        "decoded": [tokenizer.decode(tokenizer(text).input_ids) for text in job["texts"]],
    }
    if job["original"] is not None:
        tokenizer = AutoTokenizer.from_pretrained(job["original"])
        result["originalIds"] = [tokenizer(text).input_ids for text in job["texts"]]
        original = AutoModelForCausalLM.from_pretrained(job["original"], dtype=torch.float32).eval()
        ids = torch.tensor([[5, 80, 91, 200, 17, 300, 44, 9]])
        with torch.no_grad():
            model = model if job["gguf"] else model.float()
            difference = original(ids).logits - model.eval()(ids).logits
        result["largestLogitDifference"] = difference.abs().max().item()
    results.append(result)
print("RESULT " + json.dumps(results))
