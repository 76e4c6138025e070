const props = { width: 14, height: 14, viewBox: "0 0 12 12", fill: "currentColor" };

/** Four corners of a frame and what is looked at. */
export const BrandIcon = () => (
  <svg aria-hidden="true" width="22" height="22" viewBox="0 0 22 22">
    <path d="M2 7V2h5M15 2h5v5M20 15v5h-5M7 20H2v-5" fill="none" stroke="currentColor" stroke-width="2" />
    <circle cx="11" cy="11" r="3.2" fill="var(--zoom1)" />
  </svg>
);

export const ThemeIcon = () => (
  <svg aria-hidden="true" {...props}>
    <path d="M6 0a6 6 0 1 0 0 12A6 6 0 0 0 6 0zm0 1.3v9.4a4.7 4.7 0 0 1 0-9.4z" />
  </svg>
);
