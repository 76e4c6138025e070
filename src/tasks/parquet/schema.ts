import type { FileMetaData, RowGroup, SchemaTree } from "./file.ts";

/** Paths are joined by this; no name of a column holds it. */
const separator = "\u0000";
export const pathKey = (path: readonly string[]): string => path.join(separator);

/** A column of raw bytes, apart from the others because it holds what is large. */
export interface BlobLeaf {
  /** Name of the column of the table. */
  column: string;
  path: readonly string[];
  /** Whether a row may hold several. */
  repeated: boolean;
  /** Another leaf of the same list, with as many entries; absent where there is none. */
  sibling?: readonly string[];
}

const isBlob = ({ element }: SchemaTree): boolean =>
  element.type === "BYTE_ARRAY" && element.logical_type === undefined && element.converted_type === undefined;

/** The columns of raw bytes of a table. */
export function blobLeaves(root: SchemaTree): BlobLeaf[] {
  const find = (node: SchemaTree, parent: SchemaTree | null, repeated: boolean): BlobLeaf[] => {
    const isRepeated = repeated || node.element.repetition_type === "REPEATED";
    if (node.children.length > 0) return node.children.flatMap((child) => find(child, node, isRepeated));
    if (!isBlob(node)) return [];
    const sibling = parent?.children.find((other) => other.children.length === 0 && !isBlob(other));
    return [
      { column: node.path[0]!, path: node.path, repeated: isRepeated, sibling: isRepeated ? sibling?.path : undefined },
    ];
  };
  return root.children.flatMap((child) => find(child, null, false));
}

/**
 * A file's description with one row group and only some of its leaves: readers then touch nothing else. Groups that
 * are left without leaves go too.
 */
export function narrowed(
  metadata: FileMetaData,
  root: SchemaTree,
  group: RowGroup,
  keep: (path: readonly string[]) => boolean,
): FileMetaData {
  const flatten = (node: SchemaTree): FileMetaData["schema"] => {
    if (node.children.length === 0) return keep(node.path) ? [node.element] : [];
    const children = node.children.map(flatten).filter((elements) => elements.length > 0);
    if (children.length === 0 && node.path.length > 0) return [];
    return [{ ...node.element, num_children: children.length }, ...children.flat()];
  };
  const columns = group.columns.filter(({ meta_data }) => meta_data && keep(meta_data.path_in_schema));
  return { ...metadata, schema: flatten(root), num_rows: group.num_rows, row_groups: [{ ...group, columns }] };
}
