/** Names that Windows keeps for devices. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

const longest = 1024;

/** Whether every system can write a path, "/" between folders, and it leads out of no folder. */
export const isPlainPath = (path: string): boolean =>
  path.length <= longest &&
  path
    .split("/")
    .every(
      (part) =>
        part !== "" && part !== "." && part !== ".." && !/[\p{Cc}\\:*?"<>|]|[. ]$/u.test(part) && !device.test(part),
    );
