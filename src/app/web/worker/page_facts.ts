import type { PageFacts } from "../../../reward/connection/diagnosis.ts";

/** Names that browsers have given the permission to reach this machine and the local network, newest first. */
const permissionNames = ["local-network-access", "local-network", "loopback-network"];

/** What a test of a judge's connection must know of the page; the same in the page and in its workers. */
export function pageFacts(): PageFacts {
  return {
    origin: self.location.origin,
    localNetworkPermission: async () => {
      for (const name of permissionNames) {
        try {
          return (await navigator.permissions.query({ name: name as PermissionName })).state;
        } catch {
          // Not a name that this browser knows.
        }
      }
      return "unsupported";
    },
  };
}
