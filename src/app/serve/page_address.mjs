/**
 * The part of the build that knows where the page will lie. Sites that show a card for a link take its picture by a whole
 * address only; a build that is told none keeps the relative one.
 */

/**
 * A plugin for Vite.
 * @param {string | undefined} address  where it will lie: "https://host/saccade/"
 */
export function pageAddress(address = process.env.SACCADE_ADDRESS) {
  return {
    name: "page-address",
    apply: "build",
    transformIndexHtml: (html) => (address ? withAddress(html, address) : html),
  };
}

/**
 * @param {string} html
 * @param {string} address
 * @returns {{ html: string, tags: { tag: string, attrs: Record<string, string> }[] }} as Vite takes them
 * @throws Error where the address is none
 */
export function withAddress(html, address) {
  const problem = `SACCADE_ADDRESS must be where the page will lie, such as https://host/saccade/, found "${address}"`;
  if (!URL.canParse(address)) throw new Error(problem);
  const { href, protocol, search, hash } = new URL(address.endsWith("/") ? address : `${address}/`);
  if (!/^https?:$/.test(protocol) || search !== "" || hash !== "") throw new Error(problem);
  return {
    html: html.replace('content="card.png"', () => `content="${href}card.png"`),
    tags: [
      { tag: "link", attrs: { rel: "canonical", href } },
      { tag: "meta", attrs: { property: "og:url", content: href } },
    ],
  };
}
