"""Packs random linear layers as AWQ ("gemm") and GPTQ files hold them, and says what their weights are.

usage: published_layers.py test/golden/quantized

Writes layers.json and, for those who damage files, two folders with a layer each.

Number by number, after the descriptions of both formats: AutoAWQ packs eight outputs into an int32 in the order
0, 2, 4, 6, 1, 3, 5, 7; GPTQ packs eight (or four) inputs into one, and its zero points along the outputs, less one in
the first version of the format. Tensors are little-endian bytes in base64; "weight" is (O, I) in f32.
"""
import base64, json, os, struct, sys
import numpy as np

random = np.random.default_rng(11)
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def pack(numbers, bits, order):
    """(..., n) numbers as (..., n * bits / 32) int32: place k of a word holds number order[k]."""
    each = 32 // bits
    words = np.zeros((*numbers.shape[:-1], numbers.shape[-1] // each), np.uint64)
    for word in range(words.shape[-1]):
        for k in range(each):
            words[..., word] |= numbers[..., word * each + order[k]].astype(np.uint64) << np.uint64(bits * k)
    return words.astype(np.uint32).view(np.int32)


def minus_one(words, bits):
    """GPTQModel takes one off every place at once, so that a zero point of 0 borrows from the next."""
    ones = sum(1 << k for k in range(0, 32, bits))
    return ((words.view(np.uint32).astype(np.int64) - ones) % 2**32).astype(np.uint32).view(np.int32)


def tensor(array):
    dtype = {"int32": "I32", "float16": "F16", "float32": "F32"}[array.dtype.name]
    return {"dtype": dtype, "shape": list(array.shape), "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def layer(method, O, I, group, bits=4, sym=False, version=1):
    block = I if group == -1 else group
    G = I // block
    q = random.integers(0, 2**bits, (I, O))
    zeros = np.full((G, O), 2 ** (bits - 1)) if sym else random.integers(0, 2**bits, (G, O))
    scales = (random.random((G, O)) * 0.02 + 1e-3).astype(np.float16)
    scales[0, 0] = 3e-6  # Subnormal
    weight = np.empty((O, I), np.float32)
    for o in range(O):
        for i in range(I):
            weight[o, i] = np.float32(q[i, o] - zeros[i // block, o]) * np.float32(scales[i // block, o])
    config = {"quant_method": method, "bits": bits, "group_size": group}
    if method == "awq":
        tensors = {"qweight": pack(q, bits, AWQ_ORDER), "qzeros": pack(zeros, bits, AWQ_ORDER), "scales": scales}
        config |= {"zero_point": True, "version": "gemm", "modules_to_not_convert": ["visual"]}
    else:
        plain = list(range(32 // bits))
        qzeros = pack(zeros, bits, plain)
        tensors = {"qweight": pack(q.T, bits, plain).T, "qzeros": minus_one(qzeros, bits) if version == 1 else qzeros, "scales": scales,
                   "g_idx": np.int32(np.arange(I) // block)}
        config |= {"sym": sym, "desc_act": False, "checkpoint_format": "gptq" if version == 1 else "gptq_v2"}
    return {"config": config, "tensors": {name: tensor(a) for name, a in tensors.items()}, "weight": tensor(weight)}


layers = [
    layer("awq", 16, 64, 32),
    layer("awq", 24, 32, -1),
    layer("gptq", 16, 64, 32),
    layer("gptq", 16, 64, 16, sym=True),
    layer("gptq", 24, 32, -1, version=2),
    layer("gptq", 16, 64, 32, bits=8, sym=True),
    layer("gptq", 16, 64, 32, bits=8),
]
folder = sys.argv[1]
with open(f"{folder}/layers.json", "w") as file:
    json.dump({"numpy": np.__version__, "layers": layers}, file, indent=1)
    file.write("\n")


def write_folder(name, layer):
    os.makedirs(f"{folder}/{name}", exist_ok=True)
    with open(f"{folder}/{name}/config.json", "w") as file:
        json.dump({"model_type": "qwen2_5_vl", "quantization_config": layer["config"]}, file, indent=1)
        file.write("\n")
    header, data = {}, b""
    for kind, t in layer["tensors"].items():
        part = base64.b64decode(t["data"])
        header[f"model.layers.0.mlp.up_proj.{kind}"] = {"dtype": t["dtype"], "shape": t["shape"], "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    with open(f"{folder}/{name}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


write_folder("awq", layers[0])
write_folder("gptq", layers[2])
