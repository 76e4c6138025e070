"""The run's tools for verl: each reads the conversation's pictures from agent_data.image_data."""

from typing import Any

from verl.tools.base_tool import BaseTool
from verl.tools.schemas import ToolResponse

from .zoom import TOOLS, Context


class SaccadeTool(BaseTool):
    """One of zoom.TOOLS, chosen by the name in its schema; config is the "tools" part of settings.json."""

    async def execute(self, instance_id: str, parameters: Any, **kwargs) -> tuple[ToolResponse, float, dict]:
        views = list(kwargs["agent_data"].image_data or [])
        result = TOOLS[self.name](parameters, Context(views, self.config))
        told = {"outcome": result.outcome, "caption": result.caption, **result.record}
        if result.picture is None:
            return ToolResponse(text=result.text), 0.0, told
        # verl's own loop puts a text beside the picture; ours puts it where the run's prompt has a place for it.
        return ToolResponse(image=[result.picture], text=result.caption or None), 0.0, told
