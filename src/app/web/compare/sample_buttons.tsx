interface Props {
  /** Whether a sample is waited for. */
  asking: boolean;
  /** Whether everything that is needed was given. */
  isReady: boolean;
  sample(): void;
  stop(): void;
}

/** Samples the other side of a comparison, and stops waiting for it. */
export function SampleButtons({ asking, isReady, sample, stop }: Props) {
  return (
    <p class="buttons after">
      <button type="button" disabled={asking || !isReady} onClick={sample}>
        Sample as B
      </button>
      {asking && (
        <button type="button" onClick={stop}>
          Stop waiting
        </button>
      )}
    </p>
  );
}
