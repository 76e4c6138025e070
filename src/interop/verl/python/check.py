"""Plays the rollouts that Saccade stored through verl 0.9.1, and compares what comes out. No GPU, no server, no network.

    python3 check.py [--stock] [--model DIR] [--dump DIR] [--record FILE]

--stock  with verl's own agent loop in the place of the run's rules: shows what differs then
--model  folder of a tokenizer and processor, where the model is a name on the Hub
--record new file for what verl made of each rollout, one JSON object a line
--dump   new folder for the rollouts in verl's own dump format (trainer.rollout_data_dir)

Ends with "N passed, N failed"; the exit code is 1 where anything failed, 2 where it could not be tried.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import io
import json
import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERL = "0.9.1"


class CannotTry(Exception):
    """One sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--model")
    parser.add_argument("--dump")
    parser.add_argument("--record")
    asked = parser.parse_args()
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("VERL_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_CACHE", str(Path(os.environ.get("TMPDIR", "/tmp")) / f"saccade-check-{os.getpid()}"))
    warnings.filterwarnings("ignore")
    sys.path.insert(0, str(HERE))
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            expect_verl()
            check = Check(asked)
        return asyncio.run(check.run())
    except CannotTry as why:
        print(why)
        return 1
    finally:
        import shutil

        shutil.rmtree(os.environ["HF_DATASETS_CACHE"], ignore_errors=True)


def expect_verl() -> None:
    how = f"install what requirements.txt names: {sys.executable} -m pip install -r {HERE / 'requirements.txt'}"
    try:
        found = importlib.metadata.version("verl")
    except importlib.metadata.PackageNotFoundError:
        raise CannotTry(f"This Python ({sys.executable}) has no verl; {how}") from None
    if found != VERL:
        raise CannotTry(f"Expected verl {VERL}, found {found}, whose agent loop and settings may be others; {how}")
    try:
        import verl.experimental.agent_loop  # noqa: F401
    except ImportError as error:
        raise CannotTry(f"verl {VERL} is there, but cannot be imported ({error}); {how}") from None


def override_lines() -> list[str]:
    """The settings of overrides.txt, with this folder as it stands between hydra's quotes."""
    text = (HERE / "overrides.txt").read_text(encoding="utf-8")
    return text.replace("$HERE", str(HERE).replace("'", "\\'")).splitlines()


def add_architecture(config) -> None:
    """The class of a model whose config.json is of its sizes alone, by transformers' own table."""
    from omegaconf import OmegaConf

    file = Path(config.actor_rollout_ref.model.path) / "config.json"
    if not file.exists():
        return
    found = json.loads(file.read_text(encoding="utf-8"))
    if found.get("architectures"):
        return
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as classes

    known = [classes.get(found.get("model_type"), "unknown")]
    OmegaConf.update(config, "actor_rollout_ref.model.override_config.architectures", known, force_add=True)


def last_line(error: BaseException) -> str:
    """What went wrong at first, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {(str(error).strip() or 'without a word').splitlines()[0]}"


def unpacked(ids: list) -> list[int]:
    """[1, [7, 3]] is 1, 7, 7, 7."""
    return [one for part in ids for one in ([part[0]] * part[1] if isinstance(part, list) else [part])]


def packed(ids: list[int]) -> list:
    out: list = []
    for one in ids:
        if out and isinstance(out[-1], list) and out[-1][0] == one:
            out[-1][1] += 1
        else:
            out.append([one, 1])
    return [part for one, times in out for part in ([[one, times]] if times > 3 else [one] * times)]


class Server:
    """Stands where vLLM or SGLang would: says the stored turns, and keeps what it was asked with."""

    def __init__(self):
        self.turns: list[list[int]] = []
        self.at = 0
        self.images: list = []

    def begin(self, turns: list[list[int]]) -> None:
        self.turns, self.at, self.images = turns, 0, []

    async def generate(self, request_id, prompt_ids, sampling_params, image_data=None, **_):
        from verl.workers.rollout.replica import TokenOutput

        self.images = list(image_data or [])
        ids = list(self.turns[self.at]) if self.at < len(self.turns) else []
        self.at += 1
        return TokenOutput(token_ids=ids, log_probs=[-0.1] * len(ids), num_preempted=0)


class Rewarding:
    """A worker of verl's reward loop without Ray: the reward manager that the configuration names."""

    def __init__(self, manager):
        self.compute_score = self
        self.manager = manager

    async def remote(self, data):
        return await self.manager.run_single(data)


class Counted:
    """How many of one kind were equal, and the first that were not."""

    def __init__(self, name: str, unit: str):
        self.name, self.unit = name, unit
        self.equal = self.total = 0
        self.others: list[str] = []
        self.note = ""

    def say(self, is_equal: bool, other: str) -> None:
        self.total += 1
        self.equal += is_equal
        if not is_equal and len(self.others) < 3:
            self.others.append(other)

    @property
    def passed(self) -> bool:
        return self.equal == self.total

    def line(self) -> str:
        mark = "ok  " if self.passed else "FAIL"
        count = f"{self.equal} of {self.total} {self.unit} equal" if self.total else f"no {self.unit}"
        lines = [f"{mark} {self.name}: {count}{self.note}"]
        return "\n".join(lines + [f"     {other}" for other in self.others])


class Check:
    def __init__(self, asked):
        self.asked = asked
        self.settings = __import__("saccade_verl.settings", fromlist=["settings"]).settings()
        lines = (HERE / "rollouts/rollouts.jsonl").read_text(encoding="utf-8").splitlines()
        self.rollouts = [json.loads(line) for line in lines]
        self.server = Server()
        self.workers: dict = {}
        self.config = self.composed()

    def composed(self):
        """The configuration by verl's own Hydra, from the same lines that run.sh gives."""
        import verl
        from hydra import compose, initialize_config_dir

        overrides = [*override_lines(), "actor_rollout_ref.rollout.name=vllm", "trainer.n_gpus_per_node=1"]
        folder = Path(verl.__file__).parent / "trainer/config"
        self.count = len(overrides)
        try:
            with initialize_config_dir(config_dir=str(folder), version_base=None):
                config = compose(config_name="ppo_trainer", overrides=overrides)
        except Exception as error:
            raise CannotTry(f"verl's Hydra does not take the settings: {last_line(error)}") from error
        model = self.settings["model"]
        name = config.actor_rollout_ref.model.path
        if self.asked.model:
            config.actor_rollout_ref.model.path = self.asked.model
        elif model["folder"] is None:
            if not model["tokenizer"]:
                raise CannotTry(f"The model is {name} on the Hub: give the folder of its tokenizer by --model DIR")
            config.actor_rollout_ref.model.path = str(HERE / "tokenizer")
        add_architecture(config)
        # Nothing is loaded on it: the check has no weights.
        config.actor_rollout_ref.model.lora_adapter_path = None
        if self.asked.stock:
            config.actor_rollout_ref.rollout.agent.agent_loop_config_path = None
        return config

    def worker(self, response_tokens: int):
        """verl's agent loop worker, for responses of this length."""
        if response_tokens in self.workers:
            return self.workers[response_tokens]
        from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
        from verl.trainer.ppo.reward import load_reward_manager

        config = self.config.copy()
        config.data.max_response_length = response_tokens
        rewarding = None if not self.workers else next(iter(self.workers.values())).reward_loop_worker_handles
        worker = AgentLoopWorker(config, self.server, reward_loop_worker_handles=rewarding)
        if rewarding is None:
            worker.reward_loop_worker_handles = [Rewarding(load_reward_manager(config, worker.tokenizer))]
        self.workers[response_tokens] = worker
        return worker

    def dataset(self, name: str):
        from verl.utils.dataset.rl_dataset import get_dataset_class

        worker = next(iter(self.workers.values()))
        return get_dataset_class(self.config.data)(
            data_files=str(HERE / f"data/{name}.parquet"),
            tokenizer=worker.tokenizer,
            processor=worker.processor,
            config=self.config.data,
        )

    async def play(self, row: dict, turns: list[list[int]], response_tokens: int) -> dict:
        """One rollout through verl's worker, its postprocessing and its reward manager."""
        from verl import DataProto
        from verl.utils.dataset.rl_dataset import collate_fn

        worker = self.worker(response_tokens)
        self.server.begin(turns)
        batch = DataProto.from_single_dict(collate_fn([row]))
        # Whoever asks verl for validation gets the dataset's own row as well.
        with contextlib.redirect_stdout(io.StringIO()):
            out = await worker.generate_sequences(batch)
        prompt, response = out.batch["prompts"][0], out.batch["responses"][0]
        seen = out.batch["attention_mask"][0].bool()
        kept = seen[len(prompt) :]
        fields = {name: values[0] for name, values in out.non_tensor_batch.items()}
        noted = fields.get("saccade")
        return {
            "prompt": prompt[seen[: len(prompt)]].tolist(),
            "response": response[kept].tolist(),
            "mask": out.batch["response_mask"][0][kept].tolist(),
            "turns": int(fields["__num_turns__"]),
            "score": float(out.batch["rm_scores"][0].sum()) if "rm_scores" in out.batch else None,
            "exact": fields.get("score"),
            "facts": json.loads(noted) if noted else None,
            "fields": fields,
            "images": self.server.images,
        }

    async def run(self) -> int:
        import torch
        import transformers

        worker_sizes = {one["response_tokens"] for one in self.rollouts} or {self.config.data.max_response_length}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                for size in sorted(worker_sizes):
                    self.worker(size)
                self.rows = {name: self.dataset(name) for name in ("train", "heldout", "check") if (HERE / f"data/{name}.parquet").exists()}
        except Exception as error:
            path = self.config.actor_rollout_ref.model.path
            print(f"verl cannot open the model's folder or the rows ({path}): {last_line(error)}")
            return 1
        print(f"verl {VERL}, transformers {transformers.__version__}, torch {torch.__version__}, Python {sys.version.split()[0]}")
        if self.asked.stock:
            print("With verl's own agent loop: the run's own rules for turns and limits are not in it")
        results = [self.checked_settings(), await self.checked_rows()]
        results += await self.checked_rollouts()
        for one in results:
            print(one.line())
        failed = sum(not one.passed for one in results)
        print(f"{len(results) - failed} passed, {failed} failed")
        return 1 if failed else 0

    def checked_settings(self) -> Counted:
        from omegaconf import OmegaConf

        found = Counted("configuration", "settings")
        changed = {"actor_rollout_ref.model.path", "actor_rollout_ref.model.lora_adapter_path"}
        if self.asked.stock:
            changed.add("actor_rollout_ref.rollout.agent.agent_loop_config_path")
        for line in override_lines():
            name, _, value = line.lstrip("+").partition("=")
            if name in changed:
                continue
            held = OmegaConf.select(self.config, name)
            wanted = value[1:-1].replace("\\'", "'") if value[:1] in ("'", '"') else value
            found.say(_means(held, wanted), f"{name} is {held!r}, given as {value}")
        found.note = f", composed by Hydra from {self.count} lines"
        return found

    async def checked_rows(self) -> Counted:
        counts = ", ".join(f"{len(rows)} {name}" for name, rows in self.rows.items() if name != "check")
        found = Counted("rows", "prompts")
        judge, self.settings["judge"] = self.settings["judge"], {"name": "stored", "right": False}
        size = next(iter(self.workers))
        for name in ("train", "heldout"):
            rows = self.rows.get(name)
            for index in range(min(8, len(rows) if rows else 0)):
                row = rows[index]
                wanted = row["extra_info"]["prompt_tokens"]
                if wanted is None:
                    continue
                try:
                    made = len((await self.play(row, [[self.end()]], size))["prompt"])
                except Exception as error:
                    made = f"{type(error).__name__}: {error}"
                found.say(made == wanted, f"{name} row {index} ({row['extra_info']['id']}): {made} tokens, {wanted} in Saccade")
        self.settings["judge"] = judge
        found.note = f" in length ({counts}, read by {type(next(iter(self.rows.values()))).__name__})"
        return found

    def end(self) -> int:
        return next(iter(self.workers.values())).tokenizer.convert_tokens_to_ids("<|im_end|>")

    async def checked_rollouts(self) -> list[Counted]:
        kinds = {
            "prompt": Counted("prompt ids", "rollouts"),
            "response": Counted("response ids", "rollouts"),
            "mask": Counted("response masks", "rollouts"),
            "turns": Counted("numbers of turns", "rollouts"),
            "pictures": Counted("pixels of what tools showed", "pictures"),
            "end": Counted("ends, answers and outcomes of calls", "rollouts"),
            "reward": Counted("rewards", "rollouts"),
            "advantage": Counted("advantages", "rollouts"),
        }
        judge = dict(self.settings["judge"])
        played = []
        sets: dict[str, int] = {}
        for one in self.rollouts:
            sets[one["set"]] = sets.get(one["set"], 0) + 1
            self.settings["judge"] = judge if one["verdict"] is None else {"name": "stored", "right": one["verdict"]}
            self.settings["observation_tokens"] = one["observation_tokens"]
            where = f"{one['set']} {one['id']} ({one['task']})"
            try:
                made = await self.play(self.rows["check"][one["row"]], one["turns"], one["response_tokens"])
            except Exception as error:
                for kind in kinds.values():
                    kind.say(False, f"{where}: {type(error).__name__}: {error}")
                continue
            played.append((one, made))
            self.compared(one, made, where, kinds)
        self.settings["judge"] = judge
        self.compare_advantages(played, kinds["advantage"])
        if kinds["reward"].total:
            kinds["reward"].note = f" (largest difference {self.farthest:.1g})"
        kinds["prompt"].note = f" ({', '.join(f'{count} {name}' for name, count in sets.items())})"
        if self.asked.dump:
            self.dump(played)
        if self.asked.record:
            self.record(played)
        return list(kinds.values())

    farthest = 0.0

    def compared(self, one: dict, made: dict, where: str, kinds: dict) -> None:
        decode = self.workers[one["response_tokens"]].tokenizer.decode
        for kind, wanted in (
            ("prompt", unpacked(one["prompt_ids"])),
            ("response", unpacked(one["response_ids"])),
            ("mask", unpacked(one["response_mask"])),
        ):
            got = made[kind]
            at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), min(len(got), len(wanted)))
            said = f"{where}: at {at}, {got[at : at + 6]} in verl ({len(got)} long), {wanted[at : at + 6]} in Saccade ({len(wanted)})"
            if got != wanted and kind != "mask":
                said += f"; {decode(got[at : at + 6])!r}, {decode(wanted[at : at + 6])!r}"
            kinds[kind].say(got == wanted, said)
        kinds["turns"].say(made["turns"] == one["num_turns"], f"{where}: {made['turns']} in verl, {one['num_turns']} in Saccade")
        self.compare_pictures(one, made, where, kinds["pictures"])
        facts = made["facts"]
        if facts is not None:
            got = (facts["end"], facts["answer"], [call["outcome"] for call in facts["calls"]])
            wanted = (one["end"], one["answer"], one["outcomes"])
            kinds["end"].say(got == wanted, f"{where}: {got} in verl, {wanted} in Saccade")
        if one["reward"] is None:
            return
        score = made["exact"] if made["exact"] is not None else made["score"]
        off = abs(float(score) - one["reward"])
        self.farthest = max(self.farthest, off)
        parts = {name: made["fields"].get(f"reward_{name}") for name in one["parts"]}
        kinds["reward"].say(off < 1e-9, f"{where}: {score} in verl {parts}, {one['reward']} in Saccade {one['parts']}")

    def compare_pictures(self, one: dict, made: dict, where: str, kind: Counted) -> None:
        from PIL import Image

        rows = self.rows["check"].dataframe[one["row"]]
        own = len(rows["images"] or [])
        shown = made["images"][own:]
        for i, name in enumerate(one["pictures"]):
            with Image.open(HERE / name) as picture:
                wanted = picture.convert("RGB")
                if i >= len(shown):
                    kind.say(False, f"{where}: picture {i} is not there in verl")
                    continue
                is_equal = shown[i].size == wanted.size and shown[i].convert("RGB").tobytes() == wanted.tobytes()
                kind.say(is_equal, f"{where}: picture {i} is {shown[i].size} in verl, {wanted.size} in Saccade")

    def compare_advantages(self, played: list, kind: Counted) -> None:
        import numpy as np
        import torch
        from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage

        groups: dict = {}
        for one, made in played:
            if one["reward"] is not None and one["advantage"] is not None:
                groups.setdefault((one["set"], one["row"]), []).append((one, made))
        largest = flat = 0.0
        for group in groups.values():
            paid = [one["reward"] for one, _ in group]
            spread = float(np.std(paid, ddof=1)) if len(paid) > 1 else 1.0
            # What f32 leaves of the mean, over a deviation that may be nothing.
            rounding = 1.2e-7 * max(map(abs, paid)) / (spread + 1e-6)
            longest = max(len(made["response"]) for _, made in group)
            rewards, masks = torch.zeros(len(group), longest), torch.zeros(len(group), longest)
            for i, (_, made) in enumerate(group):
                masks[i, : len(made["mask"])] = torch.tensor(made["mask"], dtype=torch.float32)
                rewards[i, len(made["response"]) - 1] = made["score"]
            given, _ = compute_grpo_outcome_advantage(
                rewards,
                masks,
                np.zeros(len(group), dtype=int),
                norm_adv_by_std_in_grpo=self.config.algorithm.norm_adv_by_std_in_grpo,
            )
            for i, (one, made) in enumerate(group):
                at = made["mask"].index(1) if 1 in made["mask"] else None
                got = 0.0 if at is None else float(given[i, at])
                made["advantage"] = got
                off = abs(got - one["advantage"]) if at is not None else 0.0
                if spread > 1e-9:
                    largest = max(largest, off)
                else:
                    flat = max(flat, off)
                kind.say(
                    off <= 2e-4 * max(1.0, abs(one["advantage"])) + rounding,
                    f"{one['set']} {one['id']}: {got} in verl, {one['advantage']} in Saccade",
                )
        if kind.total:
            kind.note = f" (largest difference {largest:.1g}, in f32)"
        if flat > 0:
            kind.note += f"; where all rewards of a group are equal verl's f32 leaves up to {flat:.1g}, Saccade 0"

    def record(self, played: list) -> None:
        kept = ("prompt", "response", "mask", "turns", "score", "advantage")
        with open(self.asked.record, "x", encoding="utf-8") as file:
            last = None
            for one, made in played:
                told = {name: made.get(name) for name in kept}
                told.update({name: packed(told[name]) for name in ("prompt", "response", "mask")})
                # The rollouts of a task have one prompt, which stands in the first.
                last, told["prompt"] = told["prompt"], None if told["prompt"] == last else told["prompt"]
                file.write(json.dumps({"set": one["set"], "id": one["id"], "task": one["task"], **told}) + "\n")

    def dump(self, played: list) -> None:
        """The rollouts as verl's trainer writes them, by its own code."""
        from verl.trainer.ppo.ray_trainer import RayPPOTrainer

        folder = Path(self.asked.dump)
        if folder.exists() and any(folder.iterdir()):
            raise CannotTry(f"Expected an empty or new folder, found {folder}; choose another by --dump")
        decode = next(iter(self.workers.values())).tokenizer.decode
        writing = RayPPOTrainer._write_generations
        texts = {side: [decode(made[side], skip_special_tokens=True) for _, made in played] for side in ("prompt", "response")}
        names = ["acc", "unjudged", *(f"reward_{part}" for part in self.settings["reward"]["parts"])]
        extra = {name: [_plain(made["fields"].get(name)) for _, made in played] for name in names}
        answers = [self.rows["check"].dataframe[one["row"]]["reward_model"]["ground_truth"] for one, _ in played]
        scores = [made["score"] for _, made in played]
        with contextlib.redirect_stdout(io.StringIO()):
            writing(texts["prompt"], texts["response"], answers, scores, extra, str(folder), 1)


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def _means(held, wanted: str) -> bool:
    if isinstance(held, bool):
        return wanted.lower() == str(held).lower()
    if isinstance(held, (int, float)):
        try:
            return float(wanted) == float(held)
        except ValueError:
            return False
    if held is None:
        return wanted.lower() in ("null", "none", "")
    if hasattr(held, "__iter__") and not isinstance(held, str):
        return [part.strip() for part in wanted.strip("[]").split(",") if part.strip()] == [str(part) for part in held]
    return str(held) == wanted


if __name__ == "__main__":
    sys.exit(main())
