// Literals of DeepEyes (6c5e796, verl/workers/agent/envs/mm_process_engine/prompt.py) and of verl's recipe (b37184774,
// recipe/deepeyes/deepeyes.py and configs/image_zoom_in_tool_config.yaml), byte for byte.

/** The zoom in DeepEyes' system prompt. `required` names a property that there is not. */
export const deepEyesZoom =
  '{"type":"function","function":{"name":"image_zoom_in_tool","description":"Zoom in on a specific region of an image by cropping it based on a bounding box (bbox) and an optional object label.","parameters":{"type":"object","properties":{"bbox_2d":{"type":"array","items":{"type":"number"},"minItems":4,"maxItems":4,"description":"The bounding box of the region to zoom in, as [x1, y1, x2, y2], where (x1, y1) is the top-left corner and (x2, y2) is the bottom-right corner."},"label":{"type":"string","description":"The name or label of the object in the specified bounding box (optional)."}},"required":["bbox"]}}}';

/** The end of the system prompt; each line of the example ends in two blanks. */
export const deepEyesExample = `

**Example**:  
<tool_call>  
{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [10, 20, 100, 200], "label": "the apple on the desk"}}  
</tool_call>`;

/** DeepEyes' SYSTEM_PROMPT_V2. */
export const deepEyesSystem = `You are a helpful assistant.

# Tools
You may call one or more functions to assist with the user query.
You are provided with function signatures within <tools></tools> XML tags:
<tools>
${deepEyesZoom}
</tools>

# How to call a tool
Return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>${deepEyesExample}`;

/** DeepEyes' USER_PROMPT_V2, behind every question and again beside every crop. */
export const deepEyesUser =
  "\nThink first, call **image_zoom_in_tool** if needed, then answer. Format strictly as:  <think>...</think>  <tool_call>...</tool_call> (if tools needed)  <answer>...</answer> ";

/** What verl's recipe puts in the place of a row's system message. */
export const verlSystem =
  "You are a helpful assistant. You can call functions to assist with the user query. Important: You must call only one function at a time. After each function call, wait for the execution result before making the next function call if needed.";

export const plainSystem = "You are a helpful assistant.";
