import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { panels } from "./panels.tsx";
import { bindings } from "./step_keys.ts";

/** All keys of the step view, in a dialog. */
export function KeyList({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useLayoutEffect(() => dialog.current!.showModal(), []);
  const close = (): void => dialog.current?.close();
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>
        <b>Keys</b>
      </h2>
      <table class="keylist">
        <tbody>
          {bindings.map(({ keys, does }) => (
            <Row key={does} keys={keys} does={does} />
          ))}
          {panels.map(
            ({ name, title, key }) =>
              key !== undefined && <Row key={name} keys={[key.toUpperCase()]} does={`open the card “${title}”`} />,
          )}
        </tbody>
      </table>
      <p class="buttons">
        <button type="button" onClick={close}>
          Close
        </button>
      </p>
    </dialog>
  );
}

function Row({ keys, does }: { keys: readonly string[]; does: string }) {
  return (
    <tr>
      <th scope="row">
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </th>
      <td>{does}</td>
    </tr>
  );
}
