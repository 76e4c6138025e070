import { linkTo, neededBeside } from "../run/look.ts";
import { usePage } from "../run/page_context.ts";
import { CopyButton } from "../widgets/copy_button.tsx";

/** Copies a link to the rollout that is shown, or to a token of it, counted with those before it. */
export function LinkButton({ token }: { token: number | null }) {
  const { store } = usePage();
  const what = token === null ? "this rollout" : `token ${token}`;
  return (
    <CopyButton
      text={() => linkTo(store, location, token)}
      name={token === null ? "Copy link" : "Copy link to token"}
      label={`Copy link to ${what}`}
      note={neededBeside(store)}
    />
  );
}
