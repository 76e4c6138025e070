/** Workgroups for `count` items, `each` a workgroup; more than 65,535 fold into y (the kernel unfolds them by num_workgroups). */
export function grid(count: number, each: number): [number, number] {
  const groups = Math.ceil(count / each);
  if (groups <= 65535) return [groups, 1];
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows];
}
