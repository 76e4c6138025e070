import { Component, type ComponentChildren } from "preact";
import { usePage } from "../run/page_context.ts";

interface Props {
  /** What stands in it, for the sentence. */
  name: string;
  /** Another one: what failed before may not fail now. */
  of: unknown;
  children: ComponentChildren;
}

/**
 * Keeps what goes wrong in a view inside of it. Where one cannot be rendered, a sentence stands in its place, with a way
 * back; the rest of the page stays.
 */
export class ViewBoundary extends Component<Props, { error: Error | null; of: unknown }> {
  override state = { error: null as Error | null, of: this.props.of };

  static override getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static override getDerivedStateFromProps(props: Props, state: { error: Error | null; of: unknown }) {
    return Object.is(props.of, state.of) ? null : { error: null, of: props.of };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Failed name={this.props.name} error={error} onAgain={() => this.setState({ error: null })} />;
  }
}

function Failed({ name, error, onAgain }: { name: string; error: Error; onAgain(): void }) {
  const { store, control } = usePage();
  const replay = store.replay.value;
  return (
    <section class="stack first failed" role="alert">
      <div class="card">
        <h2>
          <b>{name} cannot be shown</b>
        </h2>
        <p>
          {replay
            ? `Something in the run ${replay.name} is not as this page expects it (${error.message}). Nothing is lost; other views of it may still be shown.`
            : `Something went wrong while it was rendered (${error.message}). Nothing is lost; a run goes on.`}
        </p>
        <p class="buttons">
          <button type="button" onClick={onAgain}>
            Try again
          </button>
          {store.pinned.value !== null && (
            <button
              type="button"
              onClick={() => {
                store.pinned.value = null;
                store.chosenStep.value = null;
                store.cursor.value = null;
                onAgain();
              }}
            >
              Show another rollout
            </button>
          )}
          {replay && (
            <button
              type="button"
              onClick={() => {
                control.replay.close();
                store.tab.value = "runs";
              }}
            >
              Close the run
            </button>
          )}
        </p>
      </div>
    </section>
  );
}
