"""The peers of `npm run bench -- engine compare`, one process each: `torch` is a Llama written plainly in eager PyTorch (fused
attention, key-value cache grown by concatenation), `transformers` is LlamaForCausalLM.generate, which TRL generates with.
argv: torch|transformers and the work as JSON (engine-shapes.ts). Prints one line `BENCH {json}` with engine.ts's fields."""
import json
import os
import resource
import sys
import time

begin = time.perf_counter()
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import torch.nn.functional as F

kind, work = sys.argv[1], json.loads(sys.argv[2])
config = work["config"]
torch.set_num_threads(os.cpu_count() or 1)
torch.manual_seed(0)
hidden, layers, vocabulary = config["hiddenSize"], config["layers"], config["vocabularySize"]
heads, kv_heads, head_dim = config["heads"], config["kvHeads"], config["headDim"]
prompt_tokens, completion_tokens, new_tokens = work["promptTokens"], work["completionTokens"], work["newTokens"]


def best(rounds, run):
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - start)
    return least


def prompts(count):
    return torch.tensor([[(group * 31 + token * 7) % vocabulary for token in range(prompt_tokens)] for group in range(count)])


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda size, out: torch.nn.Linear(size, out, bias=False)
        self.norm1 = torch.nn.RMSNorm(hidden, eps=config["rmsNormEpsilon"])
        self.norm2 = torch.nn.RMSNorm(hidden, eps=config["rmsNormEpsilon"])
        self.q, self.k, self.v = linear(hidden, heads * head_dim), linear(hidden, kv_heads * head_dim), linear(hidden, kv_heads * head_dim)
        self.o = linear(heads * head_dim, hidden)
        self.gate, self.up = linear(hidden, config["intermediateSize"]), linear(hidden, config["intermediateSize"])
        self.down = linear(config["intermediateSize"], hidden)

    def forward(self, x, cos, sin, cache):
        rows, tokens, _ = x.shape
        h = self.norm1(x)
        split = lambda y, count: y.view(rows, tokens, count, head_dim).transpose(1, 2)
        q, k, v = rotate(split(self.q(h), heads), cos, sin), rotate(split(self.k(h), kv_heads), cos, sin), split(self.v(h), kv_heads)
        if cache is not None:
            k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=cache is None, enable_gqa=heads != kv_heads)
        x = x + self.o(mixed.transpose(1, 2).reshape(rows, tokens, heads * head_dim))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h)), (k, v)


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class Llama(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, hidden)  # tied to the head
        torch.nn.init.normal_(self.embedding.weight, std=0.04)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(layers))
        self.norm = torch.nn.RMSNorm(hidden, eps=config["rmsNormEpsilon"])
        angles = torch.outer(torch.arange(config["contextLength"]), config["ropeTheta"] ** (-torch.arange(0, head_dim, 2) / head_dim))
        self.cos, self.sin = angles.cos(), angles.sin()

    def forward(self, ids, caches=None):
        start = 0 if caches is None else caches[0][0].shape[2]
        cos, sin = self.cos[start : start + ids.shape[1]], self.sin[start : start + ids.shape[1]]
        x, kept = self.embedding(ids), []
        for index, layer in enumerate(self.layers):
            x, cache = layer(x, cos, sin, None if caches is None else caches[index])
            kept.append(cache)
        return self.norm(x), kept


def report(**fields):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    square = torch.rand(2048, 2048)
    square @ square
    gflops = 2 * 2048**3 / best(3, lambda: square @ square) / 1e9
    print("BENCH " + json.dumps({"engine": kind, "peakRssMb": peak, "matmulGflops": gflops, **fields}), flush=True)


def generation_rates(generate):
    rates = {}
    for rows in work["generateRows"]:
        generate(rows, 4)  # warms up
        rates[rows] = rows * new_tokens / best(work["generateRounds"], lambda: generate(rows, new_tokens))
    return rates


if kind == "transformers":
    import transformers

    transformers.logging.set_verbosity_error()
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            head_dim=head_dim,
            intermediate_size=config["intermediateSize"],
            max_position_embeddings=config["contextLength"],
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=None,
        )
    ).eval()
    started = time.perf_counter() - begin

    def generate(rows, count):
        ids = prompts(max(1, rows // 8)).repeat_interleave(min(rows, 8), 0)
        with torch.no_grad():
            model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=0, max_new_tokens=count, min_new_tokens=count)

    report(startUpMs=started * 1000, generateTokensPerSecond=generation_rates(generate), versions={"torch": torch.__version__, "transformers": transformers.__version__})
    sys.exit(0)

model = Llama()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0)
started = time.perf_counter() - begin
rows, length = work["rows"], prompt_tokens + completion_tokens
ids = torch.tensor([[(row * 31 + token * 7) % vocabulary for token in range(length)] for row in range(rows)])
advantages = torch.tensor([(row % 8) / 4 - 1 for row in range(rows)])[:, None]


def update():
    states, _ = model(ids)
    logits = states[:, prompt_tokens - 1 : -1] @ model.embedding.weight.T  # [rows, completion, vocabulary]
    log_probs = logits.gather(-1, ids[:, prompt_tokens:, None])[..., 0] - logits.logsumexp(-1)
    ratio = (log_probs - log_probs.detach()).exp()
    loss = -torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


first = best(1, update)
seconds = best(work["updateRounds"], update)


@torch.no_grad()
def generate(count_rows, count):
    def choose(states):
        shares = torch.softmax(states @ model.embedding.weight.T, -1)
        token = torch.multinomial(shares, 1)
        return token, shares.gather(1, token).log()

    # A group's prompt is run once, as ours.
    k = min(count_rows, 8)
    states, caches = model(prompts(max(1, count_rows // 8)))
    caches = [(key.repeat_interleave(k, 0), value.repeat_interleave(k, 0)) for key, value in caches]
    token, _ = choose(states[:, -1].repeat_interleave(k, 0))
    for _ in range(count - 1):
        states, caches = model(token, caches)
        token, _ = choose(states[:, -1])


rates = generation_rates(generate)
parameters = sum(p.numel() for p in model.parameters())
report(
    parameters=parameters,
    startUpMs=started * 1000,
    firstStepMs=first * 1000,
    updateMs=seconds * 1000,
    updateTokensPerSecond=rows * length / seconds,
    updateGflops=6 * parameters * rows * length / seconds / 1e9,
    generateTokensPerSecond=rates,
    versions={"torch": torch.__version__},
)
