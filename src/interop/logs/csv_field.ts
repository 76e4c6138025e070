/** RFC 4180. Parts of rewards and sources of data name metrics, and settings may be paths: a field may hold anything. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
