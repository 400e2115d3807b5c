"""Compares SmolLM2-135M with what transformers computes, for smollm2-agreement.test.ts. Argument: a JSON file with
rows: [{ids, prompt}]: token ids of prompt and completion, and the prompt's length;
models: [{folder, gguf, logits, rows}]: where a model lies (gguf: file name in the folder, or null), a file with the logits
that we computed of it (float32, row after row, [ids, vocabulary]), and of which rows.
Prints as JSON, for each model: transformers' greedy choice and the log-probability of every completion token, the margin
of the greedy choice (logit of the best over the second), and the largest difference of a logit to ours."""

import json
import sys

import numpy
import torch
from transformers import AutoModelForCausalLM

# Two threads that wait for one another on busy cores are slower than one.
torch.set_num_threads(1)
with open(sys.argv[1]) as file:
    job = json.load(file)
results = []
for model in job["models"]:
    gguf = {} if model["gguf"] is None else {"gguf_file": model["gguf"]}
    loaded = AutoModelForCausalLM.from_pretrained(model["folder"], dtype=torch.float32, **gguf).eval()
    rows = [job["rows"][row] for row in model["rows"]]
    longest = max(len(row["ids"]) for row in rows)
    # Padding on the right changes nothing before it.
    batch = torch.tensor([row["ids"] + [0] * (longest - len(row["ids"])) for row in rows])
    with torch.no_grad():
        logits = loaded(batch).logits
    ours = numpy.fromfile(model["logits"], dtype=numpy.float32).reshape(-1, logits.shape[-1])
    found, at, difference = [], 0, 0.0
    for row, theirs in zip(rows, logits):
        end = len(row["ids"])
        difference = max(difference, (theirs[:end] - torch.from_numpy(ours[at : at + end])).abs().max().item())
        at += end
        steps = theirs[row["prompt"] - 1 : end - 1]
        best = steps.topk(2)
        tokens = torch.tensor(row["ids"][row["prompt"] :])
        found.append(
            {
                "greedy": best.indices[:, 0].tolist(),
                "margins": (best.values[:, 0] - best.values[:, 1]).tolist(),
                "logProbs": torch.log_softmax(steps, -1).gather(1, tokens[:, None])[:, 0].tolist(),
            }
        )
    results.append({"rows": found, "logitDifference": difference})
print("RESULT " + json.dumps(results))
