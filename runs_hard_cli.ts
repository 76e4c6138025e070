// Runs the command line with the kernels of a graphics card, on whatever adapter there is: hard_cli.ts TREE ARGS...
const [tree, ...args] = Deno.args;
const { Gpu } = await import(`${tree}/src/gpu/gpu.ts`);
const open = Gpu.open;
Gpu.open = async (...a: unknown[]) => { const g = await open.apply(Gpu, a); g.software = false; return g; };
(globalThis as any).__args = args;
Object.defineProperty(Deno, "args", { value: args });
await import(`${tree}/src/app/deno/cli.ts`);
