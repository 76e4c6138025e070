"""The workloads of `npm run saccade -- bench` in PyTorch, for a comparison in one run on one machine.

    python3 bench/torch_peers.py P2 P4 P5        # all unless some are named

Prints a line of JSON for each: {"id", "what", "ms" (median), "ms_min", "ms_max", "n", "peak_gb", "start_gb", "versions"}, or
{"id", "failed"}. Products and attention are timed by the device's events round a batch, steps by the host's clock between
two synchronisations. TF32 is off. P7 and P10 need transformers, P10 also peft. Without a CUDA card shapes are small.
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
                start_gb=start_gb, versions=versions(), **more)
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


WORKLOADS = {"P2": products, "P4": thin, "P5": attention}


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    for name in sys.argv[1:] or WORKLOADS:
        if name in WORKLOADS:
            guarded(name, WORKLOADS[name])


if __name__ == "__main__":
    main()
