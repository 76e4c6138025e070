"""The workloads of `npm run saccade -- bench` in PyTorch, for a comparison in one run on one machine.

    python3 bench/torch_peers.py P2 P4 P5        # all unless some are named

Prints a line of JSON for each: {"id", "what", "ms" (median), "ms_min", "ms_max", "n", "peak_gb", "start_gb", "versions"}, or
{"id", "failed"}; "small" says that there is no CUDA card, and shapes are small. Products and attention are timed by the device's events round a batch, steps by the host's clock between
two synchronisations. TF32 is off. P7 and P10 need transformers, P10 also peft.
"""
import json
import platform
import statistics
import sys
import time

import torch
import torch.nn.functional as F

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")


def sync():
    if GPU:
        torch.cuda.synchronize()


def versions():
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("transformers", "peft"):
        if name in sys.modules:
            found[name] = sys.modules[name].__version__
    if GPU:
        found.update(card=torch.cuda.get_device_name(), cuda=torch.version.cuda)
    return found


def memory_gb():
    return round(torch.cuda.memory_allocated() / 1e9, 3) if GPU else None


def events(work, inner, warm=3, runs=7):
    """Milliseconds of work(i), by events round `inner` calls."""
    if not GPU:
        return [t / inner for t in wall(lambda: [work(i) for i in range(inner)], 1, 3)]
    for i in range(warm):
        work(i)
    times = []
    for _ in range(runs):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        begin.record()
        for i in range(inner):
            work(i)
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / inner)
    return times


def wall(work, warm=1, runs=5):
    """Milliseconds of work() by the host's clock."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(runs):
        sync()
        started = time.perf_counter()
        work()
        sync()
        times.append((time.perf_counter() - started) * 1e3)
    return times


def recorded(work, warm=3):
    """work() as a CUDA graph, so that small kernels do not wait for Python."""
    if not GPU:
        return work
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(warm):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def tell(id, what, times, start_gb=None, **more):
    peak = round(torch.cuda.max_memory_allocated() / 1e9, 3) if GPU else None
    line = dict(id=id, what=what, ms=statistics.median(times), ms_min=min(times), ms_max=max(times), n=len(times), peak_gb=peak,
                start_gb=start_gb, small=not GPU, versions=versions(), **more)
    print(json.dumps(line), flush=True)


def guarded(id, work):
    try:
        if GPU:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        work()
    except Exception as error:  # a line of its own; the rest goes on
        print(json.dumps({"id": id, "failed": f"{type(error).__name__}: {str(error)[:300]}"}), flush=True)


def products():
    for n in ([1024, 2048, 4096] if GPU else [64, 128]):
        sets = max(1, round(128e6 / (3 * n * n * 4)))
        a, b, out = ([torch.randn(n, n, device=DEVICE) for _ in range(sets)] for _ in range(3))
        for form in ("NT", "NN", "TN"):
            def one(i):
                x, y = a[i % sets], b[i % sets]
                torch.mm(x.t() if form[0] == "T" else x, y.t() if form[1] == "T" else y, out=out[i % sets])
            inner = max(3, int(2e11 / n ** 3)) if GPU else 2
            replay = recorded(lambda: [one(i) for i in range(inner)])
            tell(f"gemm.f32.{n}.{form}", "torch.mm, TF32 off", [t / inner for t in events(lambda i: replay(), 2)])


def matrix_products():
    for n in ([1024, 2048, 4096] if GPU else [64]):
        sets = max(1, round(128e6 / (3 * n * n * 2)))
        a, b, out = ([torch.randn(n, n, device=DEVICE).bfloat16() for _ in range(sets)] for _ in range(3))
        for form in ("NT", "NN"):
            def one(i):
                torch.mm(a[i % sets], b[i % sets].t() if form == "NT" else b[i % sets], out=out[i % sets])
            inner = max(3, int(2e12 / n ** 3)) if GPU else 2
            replay = recorded(lambda: [one(i) for i in range(inner)])
            tell(f"gemm.bf16.{n}.{form}", "torch.mm in bf16", [t / inner for t in events(lambda i: replay(), 2)])


def thin():
    O, I = (11008, 2048) if GPU else (1024, 256)
    for name, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        sets = 8 if GPU else 2  # more than a cache holds
        weights = [torch.randn(O, I, device=DEVICE).to(dtype) for _ in range(sets)]
        for M in (1, 4, 16):
            x = torch.randn(M, I, device=DEVICE).to(dtype)
            out = torch.empty(M, O, device=DEVICE, dtype=dtype)
            replay = recorded(lambda: [torch.mm(x, w.t(), out=out) for w in weights])
            tell(f"thin.{name}.M{M}", "torch.mm in a CUDA graph", [t / sets for t in events(lambda i: replay(), 10)])


def attention():
    from torch.nn.attention import SDPBackend, sdpa_kernel
    H, K, D = (16, 2, 128) if GPU else (4, 2, 32)
    backend = SDPBackend.EFFICIENT_ATTENTION if GPU else SDPBackend.MATH
    for T in ([2048, 4096, 8192] if GPU else [64]):
        q, k, v = (torch.randn(1, heads, T, D, device=DEVICE, requires_grad=True) for heads in (H, K, K))
        dout = torch.randn(1, H, T, D, device=DEVICE)

        def forward(i=0):
            # The memory-efficient kernel has no grouped form: keys and values are repeated.
            with sdpa_kernel(backend):
                return F.scaled_dot_product_attention(q, k.repeat_interleave(H // K, 1), v.repeat_interleave(H // K, 1), is_causal=True)

        def both(i=0):
            q.grad = k.grad = v.grad = None
            forward().backward(dout)

        what = "scaled_dot_product_attention, memory-efficient f32"
        with torch.no_grad():
            tell(f"attention.f32.{T}.forward", what, events(forward, 5))
        tell(f"attention.f32.{T}.both", what, events(both, 3))


# Sizes of Qwen2.5-VL-3B-Instruct, and the same structure in two narrow layers.
TEXT = dict(hidden_size=2048, num_hidden_layers=36, num_attention_heads=16, num_key_value_heads=2, intermediate_size=11008, vocab_size=151936)
VISION = dict(depth=32, hidden_size=1280, num_heads=16, intermediate_size=3420, out_hidden_size=2048, fullatt_block_indexes=[7, 15, 23, 31])
SECTION, IMAGE, SIDE, WORDS = [16, 24, 24], 151655, 64, 276
if not GPU:
    TEXT = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, intermediate_size=128, vocab_size=512)
    VISION = dict(depth=2, hidden_size=64, num_heads=2, intermediate_size=96, out_hidden_size=64, fullatt_block_indexes=[1])
    SECTION, IMAGE, SIDE, WORDS = [4, 6, 6], 509, 8, 12


def model_3b():
    """transformers' Qwen2.5-VL with random bf16 weights."""
    import transformers
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
    rope = dict(rope_type="default", rope_theta=1e6, mrope_section=SECTION)
    text = dict(TEXT, rms_norm_eps=1e-6, rope_parameters=rope, max_position_embeddings=32768, tie_word_embeddings=True, bos_token_id=None,
                eos_token_id=None, pad_token_id=None)
    vision = dict(VISION, patch_size=14, spatial_merge_size=2, temporal_patch_size=2, in_channels=3, window_size=112, tokens_per_second=2, hidden_act="silu")
    config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=IMAGE + 1, vision_start_token_id=IMAGE - 3,
                              vision_end_token_id=IMAGE - 2, tie_word_embeddings=True)
    config._attn_implementation = "sdpa"
    transformers.logging.set_verbosity_error()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(DEVICE):
            model = Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model.eval()


def batch_3b(model, answers):
    """One prompt of words with a picture in their middle, repeated before each of the answers (n, tokens)."""
    random = torch.Generator().manual_seed(1)
    words = torch.randint(0, IMAGE - 3, (WORDS - 2,), generator=random)
    half = len(words) // 2
    picture = torch.full((SIDE * SIDE // 4,), IMAGE)
    prompt = torch.cat([words[:half], torch.tensor([IMAGE - 3]), picture, torch.tensor([IMAGE - 2]), words[half:]])
    n = answers.shape[0]
    ids = torch.cat([prompt.expand(n, -1), answers], 1).to(DEVICE)
    pixels = torch.randn(SIDE * SIDE, 3 * 2 * 14 * 14, generator=random).to(DEVICE, torch.bfloat16).repeat(n, 1)
    return dict(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels, mm_token_type_ids=(ids == IMAGE).int(),
                image_grid_thw=torch.tensor([[1, SIDE, SIDE]] * n, device=DEVICE))


class StaticRows:
    """Keys and values of n rows in place; `at` (1) says where the next token's go. What transformers asks of a cache."""

    def __init__(self, source, n, length):
        self.at = torch.zeros(1, dtype=torch.long, device=DEVICE)
        self.layers = [[x.new_zeros(n, x.shape[1], length, x.shape[3]) for x in (layer.keys, layer.values)] for layer in source.layers]

    def take(self, source):
        for own, layer in zip(self.layers, source.layers):
            for kept, x in zip(own, (layer.keys, layer.values)):
                kept[:, :, : x.shape[2]] = x

    def update(self, k, v, layer, *_, **__):
        for kept, x in zip(self.layers[layer], (k, v)):
            kept.index_copy_(2, self.at, x)
        return self.layers[layer]


def attend_grouped(module, q, k, v, mask, scaling=None, **_):
    """A query a row: heads that share keys are rows of one product."""
    n, heads, _, size = q.shape
    out = F.scaled_dot_product_attention(q.view(n, k.shape[1], -1, size), k, v, attn_mask=mask, scale=scaling)
    return out.reshape(n, 1, heads, size), None


def shared_rollout(model, n, new, start):
    """The strongest torch here: the prompt once for the group, decoding and sampling in one CUDA graph."""
    from transformers import AttentionInterface
    AttentionInterface.register("grouped", attend_grouped)
    config = model.config.text_config
    batch = batch_3b(model, torch.zeros(1, 0, dtype=torch.long))
    prompt = batch["input_ids"].shape[1]
    length = -(-(prompt + new) // 8) * 8
    text, embed = model.model.language_model, model.get_input_embeddings()
    prefill = lambda: model(**batch, use_cache=True, logits_to_keep=1)
    rows = StaticRows(prefill().past_key_values, n, length)
    slots = torch.arange(length, device=DEVICE)
    shift = model.model.rope_deltas.view(-1)[:1].clone()
    token = torch.zeros(n, 1, dtype=torch.long, device=DEVICE)
    groups = config.num_attention_heads // config.num_key_value_heads

    def draw(logits):
        # The largest of logit - log(exponential) is a sample of the softmax.
        logits = logits.float()
        return (logits - torch.empty_like(logits).exponential_().log()).argmax(-1, keepdim=True)

    def step():
        mask = (slots <= rows.at)[None, None, None].expand(n, 1, groups, length)
        hidden = text(inputs_embeds=embed(token), attention_mask={"full_attention": mask}, past_key_values=rows, use_cache=True,
                      position_ids=(rows.at + shift).view(1, 1, 1).expand(3, n, 1)).last_hidden_state
        token.copy_(draw(model.lm_head(hidden[:, -1])))
        rows.at.add_(1)

    def begin():
        config._attn_implementation = "sdpa"
        out = prefill()
        rows.take(out.past_key_values)
        token.copy_(draw(out.logits[:, -1].expand(n, -1)))
        rows.at.fill_(prompt)
        config._attn_implementation = "grouped"

    begin()
    replay = recorded(step)

    def whole():
        begin()
        for _ in range(new - 1):
            replay()
    times = wall(whole)
    assert int(rows.at) == prompt + new - 1
    config._attn_implementation = "sdpa"
    tell(f"rollout_3b.shared.bf16.n{n}", "own loop: prompt once for the group, decode step and sampling in a CUDA graph", times, start)


@torch.no_grad()
def rollout():
    model = model_3b()
    start = memory_gb()
    new = 64 if GPU else 4
    batch = batch_3b(model, torch.zeros(1, 0, dtype=torch.long))
    for n in (1, 16):
        def generate(tokens):
            model.generate(**batch, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, num_return_sequences=n, max_new_tokens=tokens, min_new_tokens=tokens,
                           use_cache=True, suppress_tokens=[IMAGE, IMAGE + 1])
        first = statistics.median(wall(lambda: generate(1)))
        times = wall(lambda: generate(new))
        tell(f"rollout_3b.generate.bf16.n{n}", "transformers generate, bf16, sdpa; prompt once for each answer", times, start,
             first_token_ms=first, decode_step_ms=(statistics.median(times) - first) / (new - 1))
    guarded("rollout_3b.shared.bf16.n16", lambda: shared_rollout(model, 16, new, start))


def step():
    """A GRPO step as TRL makes it with its own generation: LoRA r = 16, autocast, checkpointing, the ratio taken as 1."""
    from peft import LoraConfig, get_peft_model
    n, new = (16, 256) if GPU else (2, 8)
    model = model_3b()
    model.requires_grad_(False)
    targets = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
    model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=targets))
    base = model.base_model.model
    base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    base.disable_input_require_grads()  # or the frozen tower would have a backward pass that trains nothing
    for module in base.model.visual.modules():
        if hasattr(module, "gradient_checkpointing"):
            module.gradient_checkpointing = False
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True)
    random = torch.Generator().manual_seed(9)
    batch = batch_3b(model, torch.randint(0, IMAGE - 3, (n, new), generator=random))
    advantage = torch.randn(n, 1, generator=random).to(DEVICE)
    start = memory_gb()

    def update():
        optimizer.zero_grad()
        with torch.autocast(DEVICE.type, torch.bfloat16):
            logits = model(**batch, use_cache=False, logits_to_keep=new + 1).logits[:, :-1]
            targets = batch["input_ids"][:, -new:]
            rows = [F.log_softmax(l, -1).gather(-1, t[:, None])[:, 0] for l, t in zip(logits, targets)]
            logp = torch.stack(rows)
            ratio = (logp - logp.detach()).exp()
            loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()

    times = wall(update)
    tell("grpo_lora_3b.bf16.n16", "GRPO LoRA step, bf16, prompt repeated, gradient checkpointing", times, start)


WORKLOADS = {"P2": products, "P3": matrix_products, "P4": thin, "P5": attention, "P7": rollout, "P10": step}


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    for name in sys.argv[1:] or WORKLOADS:
        if name in WORKLOADS:
            guarded(name, WORKLOADS[name])


if __name__ == "__main__":
    main()
