// Parts that several rewards have, as they declare them.

export const answerPart = { name: "answer", label: "right answer", help: "what was paid for right answers" } as const;

export const formatPart = {
  name: "format",
  label: "format",
  help: "what was paid for good format or charged for broken format",
} as const;

export const zoomPart = { name: "zoom", label: "zoomed", help: "the bonus for zooming" } as const;
