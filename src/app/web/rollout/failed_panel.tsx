/** In the place of a panel whose code could not be fetched: the page stays usable, and it can be asked for again. */
export function Failed({ title, error, onAgain }: { title: string; error: Error; onAgain(): void }) {
  return (
    <p class="problem small">
      {title} could not be loaded ({error.message}); is the server still there?{" "}
      <button type="button" onClick={onAgain}>
        Load it again
      </button>
    </p>
  );
}
