"""TRL's GRPOTrainer as the peer of bench:trl. Takes a configuration on argv[1] (JSON), then does one optimiser step for
each line on standard input and answers with a line of JSON: seconds of the step, of its generation and of its update, and
the peak resident memory. Same shapes as ours: a random Llama, exactly maxNewTokens new tokens a completion."""
import json
import os
import resource
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import torch
import transformers
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, decoders
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

transformers.logging.set_verbosity_error()
config = json.loads(sys.argv[1])
torch.set_num_threads(config["threads"])
torch.manual_seed(0)

vocabulary = config["vocabulary"]
characters = [chr(0x100 + i) for i in range(vocabulary - 2)]
raw = Tokenizer(models.WordLevel({c: i for i, c in enumerate(["<pad>", "<eos>", *characters])}, unk_token="<pad>"))
raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
raw.decoder = decoders.Fuse()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>")

if config.get("checkpoint"):
    model = LlamaForCausalLM.from_pretrained(config["checkpoint"], dtype=torch.float32)
else:
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=config["hidden"],
            num_hidden_layers=config["layers"],
            num_attention_heads=config["heads"],
            num_key_value_heads=config["kvHeads"],
            intermediate_size=config["intermediate"],
            max_position_embeddings=config["context"],
            tie_word_embeddings=True,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=None,
        )
    )

prompts, k, new_tokens = config["prompts"], config["k"], config["maxNewTokens"]
generator = torch.Generator().manual_seed(1)
rows = [
    {"prompt": "".join(characters[i] for i in torch.randint(0, len(characters), (config["promptTokens"],), generator=generator).tolist())}
    for _ in range(256)
]


def reward(completions, **_):
    # A reward that varies within each group, so that every row has an advantage.
    return [float(i % k) for i in range(len(completions))]


with tempfile.TemporaryDirectory() as folder:
    arguments = GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        per_device_train_batch_size=config.get("microBatch", prompts * k),
        gradient_accumulation_steps=prompts * k // config.get("microBatch", prompts * k),
        num_generations=k,
        max_completion_length=new_tokens,
        generation_kwargs={"min_new_tokens": new_tokens},
        temperature=1.0,
        learning_rate=1e-4,
        lr_scheduler_type="constant",
        beta=0.0,
        loss_type="grpo",
        max_grad_norm=1.0,
        max_steps=config["steps"],
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        seed=0,
    )
    seconds = {"generate": 0.0}

    class Stepped(TrainerCallback):
        def on_step_begin(self, *_, **__):
            if sys.stdin.readline() == "":
                sys.exit(0)
            seconds["generate"] = 0.0
            self.start = time.perf_counter()

        def on_step_end(self, *_, **__):
            step = time.perf_counter() - self.start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"step": step, "generate": seconds["generate"], "update": step - seconds["generate"], "peakMb": peak}), flush=True)

    trainer = GRPOTrainer(
        model=model, args=arguments, processing_class=tokenizer, reward_funcs=[reward], train_dataset=Dataset.from_list(rows), callbacks=[Stepped()]
    )
    original = trainer._generate

    def timed(*args, **kwargs):
        start = time.perf_counter()
        result = original(*args, **kwargs)
        seconds["generate"] += time.perf_counter() - start
        return result

    trainer._generate = timed
    print(json.dumps({"ready": True, "parameters": model.num_parameters(), "torch": torch.__version__, "transformers": transformers.__version__}), flush=True)
    trainer.train()
