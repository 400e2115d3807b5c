"""Opens adapters in PEFT and prints the logits' differences as JSON, for peft.test.ts. Argument: JSON with base (folder),
adapter (folder), merged (folder of the merged export), ids."""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
job = json.loads(sys.argv[1])
load = lambda folder: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
ids = torch.tensor([job["ids"]])
with torch.no_grad():
    plain = load(job["base"])(ids).logits
    model = PeftModel.from_pretrained(load(job["base"]), job["adapter"]).eval()
    adapted = model(ids).logits
    merged = load(job["merged"])(ids).logits
state = {name for name in model.state_dict() if "lora_" in name}
log_probs = torch.log_softmax(adapted[0], -1)
print(
    "RESULT "
    + json.dumps(
        {
            "loraTensors": len(state),
            "toMerged": (adapted - merged).abs().max().item(),
            "toBase": (adapted - plain).abs().max().item(),
            "logProbs": [log_probs[t, job["ids"][t + 1]].item() for t in range(len(job["ids"]) - 1)],
        }
    )
)
