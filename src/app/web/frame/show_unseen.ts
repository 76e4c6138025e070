import { Fragment, h, options, type VNode } from "preact";
import { unseenPieces, withUnseen } from "../../text/unseen.ts";

/** Elements that hold text alone. */
const textOnly = ["option", "title", "textarea", "style", "script"];
const shownAttributes = ["title", "aria-label", "alt", "placeholder"];

/** Letters that are written from right to left. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

let installed = false;

/**
 * Makes characters visible that are not seen, wherever the page shows a text: every string on its way into an element
 * is looked at here, so that no view can forget it. Text from right to left is kept from turning what stands beside it.
 */
export function showUnseen(): void {
  if (installed) return;
  installed = true;
  const before = options.vnode;
  options.vnode = (vnode: VNode) => {
    before?.(vnode);
    const { type } = vnode;
    if (type !== Fragment && typeof type !== "string") return;
    const props = vnode.props as Record<string, unknown>;
    if (typeof type === "string") {
      for (const name of shownAttributes) {
        const value = props[name];
        if (typeof value === "string") props[name] = withUnseen(value);
      }
    }
    // Made below.
    if (type === "bdi" || props.class === "unseen") return;
    props.children = shown(props.children, typeof type === "string" && textOnly.includes(type));
  };
}

function shown(child: unknown, isTextOnly: boolean): unknown {
  if (Array.isArray(child)) {
    const all = child.map((one) => shown(one, isTextOnly));
    return all.some((one, i) => one !== child[i]) ? all : child;
  }
  if (typeof child !== "string" || /^[\n\t\x20-\x7e]*$/.test(child)) return child;
  if (isTextOnly) return withUnseen(child);
  const pieces = unseenPieces(child);
  const turns = rightToLeft.test(child);
  if (pieces.length === 1 && !pieces[0]?.unseen) return turns ? h("bdi", null, child) : child;
  const marked = pieces.map(({ text, unseen }) =>
    unseen ? h("span", { class: "unseen", title: "a character that is not seen" }, text) : text,
  );
  return turns ? h("bdi", null, ...marked) : h(Fragment, null, ...marked);
}
