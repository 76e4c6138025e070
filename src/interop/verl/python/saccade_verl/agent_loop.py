"""verl's agent loop with the run's own rules: which turns are calls, what is answered, when a rollout ends."""

import json
from typing import Any

from verl.experimental.agent_loop.tool_agent_loop import AgentState, ToolAgentLoop

from . import turns
from .settings import FOLDER, settings


class SaccadeAgentLoop(ToolAgentLoop):
    """Takes the place of "tool_agent" by agent_loop.yaml. Tokens are the same as in Saccade, one by one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.saccade = settings()
        template = (FOLDER / "chat_template.jinja").read_text(encoding="utf-8")
        for holder in (self.processor, self.tokenizer):
            if holder is not None:
                holder.chat_template = template
        known = set(self.tokenizer.get_vocab())
        self.stops = [self._id(token) for token in self.saccade["stops"] if token in known]
        self.reserved = [self._id(token) for token in self.saccade["reserved"] if token in known]

    def _id(self, token: str) -> int:
        return self.tokenizer.convert_tokens_to_ids(token)

    async def run(self, sampling_params: dict[str, Any], priority: int = 0, **kwargs):
        extra_info = kwargs.get("extra_info") or {}
        self.offers_tools = bool(extra_info.get("offers_tools", True))
        self.facts: dict[str, Any] = {"end": "length", "answer": None, "calls": []}
        output = await super().run(sampling_params, priority, **kwargs)
        # The reward reads it: a text alone does not say which calls were carried out.
        whole = self.tokenizer.decode(output.response_ids, skip_special_tokens=False)
        output.extra_fields["saccade"] = json.dumps({**self.facts, "whole": whole})
        return output

    async def _handle_generating_state(self, agent_data, sampling_params, ignore_termination: bool = False):
        is_first = agent_data.assistant_turns == 0
        of_turn = self.saccade["first_turn_tokens" if is_first else "next_turn_tokens"]
        room = min(of_turn, self.response_length - len(agent_data.response_mask))
        sampling_params = {**sampling_params, "max_tokens": room, "stop_token_ids": self.stops}
        if self.reserved and self.rollout_config.name == "vllm":
            sampling_params["logit_bias"] = {token: -100.0 for token in self.reserved}
        output = await self.server_manager.generate(
            request_id=agent_data.request_id,
            prompt_ids=agent_data.prompt_ids,
            sampling_params=sampling_params,
            image_data=agent_data.image_data,
            video_data=agent_data.video_data,
            mm_processor_output=agent_data.mm_processor_output,
            audio_data=agent_data.audio_data,
            mm_processor_kwargs=agent_data.mm_processor_kwargs,
        )
        preempted = output.num_preempted if output.num_preempted is not None else -1
        agent_data.metrics["num_preempted"] = max(agent_data.metrics.get("num_preempted", -1), preempted)
        for key, value in output.extra_fields.items():
            agent_data.extra_fields[key] = value
        agent_data.assistant_turns += 1
        agent_data.response_ids = output.token_ids
        agent_data.prompt_ids = agent_data.prompt_ids + list(output.token_ids)
        agent_data.response_mask = agent_data.response_mask + [1] * len(output.token_ids)
        if output.log_probs:
            agent_data.response_logprobs = agent_data.response_logprobs + list(output.log_probs)
        if output.routed_experts is not None:
            agent_data.routed_experts = output.routed_experts
        return self._after_turn(agent_data)

    def _after_turn(self, agent_data) -> AgentState:
        ids = agent_data.response_ids
        if not ids or ids[-1] not in self.stops:
            return self._ended(turns.Ended("length"))
        text = self.tokenizer.decode(ids, skip_special_tokens=False)
        agent_data.messages.append({"role": "assistant", "content": text})
        step = turns.step(
            text,
            settings=self.saccade,
            tools=list(agent_data._active_tools),
            offers_tools=self.offers_tools,
            may_call=len(self.facts["calls"]) < self.saccade["max_tool_calls"],
        )
        if isinstance(step, turns.Ended):
            return self._ended(step)
        agent_data.saccade_step = step
        return AgentState.PROCESSING_TOOLS

    def _ended(self, step: turns.Ended) -> AgentState:
        self.facts["end"], self.facts["answer"] = step.end, step.answer
        return AgentState.TERMINATED

    async def _handle_processing_tools_state(self, agent_data) -> AgentState:
        step = agent_data.saccade_step
        if isinstance(step, turns.Called):
            text, caption, pictures, told = await self._carry_out(step, agent_data)
        else:
            text, caption, pictures, told = step.text, "", [], {"outcome": step.outcome}
        self.facts["calls"].append({"name": step.name, **told})
        if told["outcome"] != "ok" and self.saccade["ends_at_errors"]:
            return self._ended(turns.Ended("malformed"))
        said = turns.observation(self.saccade, text, len(pictures), caption)
        ids = await self.loop.run_in_executor(None, lambda: self._encoded(said, pictures))
        is_long = len(ids) > self.saccade["observation_tokens"]
        if is_long or len(agent_data.response_mask) + len(ids) >= self.response_length:
            return self._ended(turns.Ended("length"))
        agent_data.messages.append({"role": "tool", "content": said})
        agent_data.prompt_ids = agent_data.prompt_ids + ids
        agent_data.response_mask = agent_data.response_mask + [0] * len(ids)
        if agent_data.response_logprobs:
            agent_data.response_logprobs = agent_data.response_logprobs + [0.0] * len(ids)
        if pictures:
            agent_data.image_data = [*(agent_data.image_data or []), *pictures]
        agent_data.user_turns += 1
        return AgentState.GENERATING

    async def _carry_out(self, step: turns.Called, agent_data):
        tool = agent_data._active_tools[step.name]
        given = agent_data.tools_kwargs.get(step.name) or {}
        instance, _ = await tool.create(create_kwargs=given.get("create_kwargs", {}))
        try:
            response, reward, told = await tool.execute(instance, step.given, agent_data=agent_data)
        finally:
            await tool.release(instance)
        if reward is not None:
            agent_data.tool_rewards.append(reward)
        pictures = [picture for picture in response.image or [] if picture is not None]
        told = {"outcome": "ok", **(told or {})}
        caption = told.pop("caption", "")
        return ("" if pictures and caption else response.text or ""), caption, pictures, told

    def _encoded(self, said: str, pictures: list) -> list[int]:
        if not pictures:
            return self.tokenizer.encode(said, add_special_tokens=False)
        made = self.processor(text=[said], images=pictures, **dict(self.mm_processor_kwargs or {}))
        ids = made["input_ids"][0]
        return ids.tolist() if hasattr(ids, "tolist") else list(ids)
