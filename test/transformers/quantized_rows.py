"""Quantises random rows with numpy, by trying every value that a block's scale can give.

usage: quantized_rows.py > test/golden/quantized/rows.json

Numbers are little-endian bytes in base64: values and dequantised f32; data and scales u32.
"""
import base64, json
import numpy as np

# Dettmers et al. 2023, appendix E.
NF4 = np.float32([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
                  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def half_away(x):
    """The nearest half; among subnormal ones the next that is not smaller in magnitude."""
    h = np.float16(x)
    if abs(h) < 2**-14 and abs(float(h)) < abs(x):
        h = np.nextafter(h, np.float16(np.inf if x > 0 else -np.inf))
    return h


def quantise(x, dtype, block):
    zero, numbers = {"i8": (0, np.arange(-127, 128)), "i4": (8, np.arange(-8, 8)), "nf4": (0, NF4.astype(np.float64))}[dtype]
    qs, scales, values = [], [], []
    for part in x.reshape(-1, block).astype(np.float64):
        largest = part[np.argmax(abs(part))]
        h = half_away({"i8": abs(largest) / 127, "i4": largest / -8, "nf4": abs(largest)}[dtype])
        h = np.float16(0) if h == 0 else h
        candidates = numbers * float(h)
        # Of equal candidates (a scale of zero) the one that means nothing is added.
        place = np.full(len(part), np.argmin(abs(numbers))) if h == 0 else abs(part[:, None] - candidates).argmin(1)
        values.append(candidates[place].astype(np.float32))
        qs.append(numbers[place] if dtype == "i8" else place)
        scales.append(int(h.view(np.uint16)) | int(np.float16(zero).view(np.uint16)) << 16)
    q = np.concatenate(qs)
    if dtype == "i8":
        data = q.astype(np.int8).view("<u4")
    else:
        data = (q.astype(np.uint32).reshape(-1, 8) << np.arange(0, 32, 4, dtype=np.uint32)).sum(1, dtype=np.uint32)
    return data, np.uint32(scales), np.concatenate(values)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


random = np.random.default_rng(10)
columns, rows = 128, 4
x = (random.standard_t(4, (rows, columns)) * 0.03).astype(np.float32)
x[1, 32:96] = 0
x[2, :64] *= np.float32(1e-6)  # Scales of these are subnormal halves, or too small for one.
x[3, 64:] *= np.float32(5000)
cases = []
for dtype, block in [("i8", 128), ("i8", 32), ("i4", 32), ("i4", 64), ("i4", 128), ("nf4", 64)]:
    data, scales, values = quantise(x.reshape(-1), dtype, block)
    cases.append({"dtype": dtype, "block": block, "data": text(data), "scales": text(scales), "dequantized": text(values)})
print(json.dumps({"numpy": np.__version__, "columns": columns, "values": text(x), "cases": cases}, indent=1))
