/** Workgroups for `count` items, `each` per workgroup. More than 65,535 are folded into y: kernels unfold them by num_workgroups. */
export function grid(count: number, each: number): [number, number] {
  const groups = Math.ceil(count / each);
  if (groups <= 65535) return [groups, 1];
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows];
}
