/**
 * What a page of ours may load and reach, as a Content-Security-Policy. Plain JavaScript, since `npm start` needs it
 * before anything is installed. A document and each worker have a policy of their own.
 */
const common = [
  "default-src 'self'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** The page shows untrusted text and connects to no other host: pictures come as blobs, never from an address. */
const ofDocument = [
  ...common,
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
].join("; ");

/**
 * Workers fetch what a person named: models and data from the Hub or an address, verdicts of a judge. ONNX graphs run in a
 * WebAssembly of the page's own; no text becomes a script.
 */
const ofWorker = [...common, "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self' https: http:"].join("; ");

/** Decodes and renders pictures. */
const ofPictures = [...common, "script-src 'self'", "connect-src 'none'"].join("; ");

/** Keeps the page's own files; requests to other hosts pass it by. */
const ofServiceWorker = [...common, "script-src 'self'", "connect-src 'self'"].join("; ");

/**
 * @param {string} path of the file that is served
 * @returns {string}
 */
export function contentPolicy(path) {
  if (!/\.m?js$/i.test(path)) return ofDocument;
  if (/(^|\/)service_worker\.js$/.test(path)) return ofServiceWorker;
  return /picture_worker[^/]*$/.test(path) ? ofPictures : ofWorker;
}
