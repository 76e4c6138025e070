"""Writes cases.json: patterns of adapters, and of a generator, with what Python's re says of them.
Run with Python 3.11: python3 make.py"""
import json, random, re, warnings

warnings.simplefilter("ignore")
names = [f"model.language_model.layers.{i}.{m}" for i in (0, 1, 11) for m in
         ("self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj")]
names += ["model.visual.blocks.0.attn.qkv", "model.visual.blocks.0.mlp.up_proj", "lm_head", "", "a\n"]
by_hand = r"""
(?i).*language_model.*\.(Q_PROJ|V_PROJ)
.*language_model.*\.(?P<which>q_proj|v_proj)
.*language_model.*\.(?:q_proj|v_proj)(?#attention only)
\A.*language_model.*\.(q_proj|v_proj)\Z
(?x) .* language_model .* \. (q_proj | v_proj)  # attention
(?s).*\.(?i:UP_PROJ)
(?a).*layers\.\d\..*_proj
.*layers\.\d+\..*_proj
.*layers\.(?:0|1)\.(?!mlp).*
.*(?<=self_attn\.)[qv]_proj
.*(?<!self_attn\.).{2}_proj
.*+q_proj
[^.]++\.[^.]++\.[^.]++\.\d++\.[^.]++\.[qv]_proj
(?>model)\..*up_proj
.*\.(?P<m>mlp|self_attn)\.\w+_proj$
^model\.visual\.blocks\.\d{1,3}\.attn\.qkv$
(?:.*?(?:visual|language).*?(?:self_attn|attn|mlp).*?(?:qkv|q_proj|up_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj)))
.*\.layers\.(?:[0-9]|1[0-1])\.mlp\.up_proj
.*[[:alpha:]]_proj
.*\u0071_proj
.*\x71_proj
.*\.q\_proj
.*\.q\Qproj
(?-i:.*)q_proj
.*(?i)Q_PROJ
(?L).*
(?P<a>.)(?P<a>.).*
(?P=a).*
(.)\1.*
.*(q_proj
.*q_proj)
*q_proj
.**q_proj
.{3,1}
[z-a].*
.*{
a$
a$\n
a\Z
(?m)a$
lm_head|
""".strip().split("\n")


def matched(pattern):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    return [i for i, name in enumerate(names) if compiled.fullmatch(name)]


random.seed(9)
atoms = ["a", "b", "_", ".", "q_proj", "[ab]", "[^a]", "[A-C]", "[]a]", "\\.", "\\d", "\\w", "\\s", "\\S", "\\b", "\\B",
         "\\A", "\\Z", "^", "$", "(", "(?:", "(?P<n>", "(?i:", "(?-i:", "(?s:", "(?=", "(?!", "(?<=", "(?<!", "(?>",
         "(?#c)", "|", "|", "{", "}", "\\x61", "\\n", " ", "#", "\\Q", "\\07", "-", "(?x: a )", "A", "B"]
quantifiers = ["", "", "", "", "*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{,2}", "{1,}", "{}", "{a}", "**"]
heads = ["", "", "", "", "(?i)", "(?s)", "(?m)", "(?x)", "(?is)", " (?i)", "(?L)"]
letters = ["a", "b", "_", "A", "B", ".", "1", " ", "\n", "\u00e9", "q_proj", "aa"]


def generate(depth):
    text = ""
    for _ in range(random.randint(1, 4)):
        atom = random.choice(atoms)
        if atom == "|":
            text += atom
            continue
        if atom.startswith("(") and atom not in ("(?#c)", "(?x: a )"):
            atom = "a" if depth > 2 else atom + generate(depth + 1) + ")"
        text += atom + random.choice(quantifiers)
    return text


generated = []
while len(generated) < 3000:
    pattern = random.choice(heads) + generate(0)
    text = "".join(random.choice(letters) for _ in range(random.randint(0, 5)))
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        if random.random() < 0.1:
            generated.append([pattern, text, None])
        continue
    generated.append([pattern, text, bool(compiled.fullmatch(text))])
with open("cases.json", "w") as file:
    json.dump({"names": names, "by_hand": [[p, matched(p)] for p in by_hand], "generated": generated}, file,
              ensure_ascii=True, separators=(",", ":"))
