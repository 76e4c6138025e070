const props = { width: 12, height: 12, viewBox: "0 0 12 12", fill: "currentColor" };

export const PlayIcon = () => (
  <svg aria-hidden="true" {...props}>
    <path d="M2.5 1v10l8-5z" />
  </svg>
);

export const PauseIcon = () => (
  <svg aria-hidden="true" {...props}>
    <path d="M2 1h3v10H2zM7 1h3v10H7z" />
  </svg>
);
