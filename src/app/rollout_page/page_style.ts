/** The style of a rollout's page: light or dark as the reader's system is, and readable on paper. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #fff; --sunk: #f3f1ec; --ink: #1b1d1f; --soft: #5c6166; --line: #e3e0d8;
  --model: #0072b2; --zoom0: #b34d00; --zoom1: #a6327a; --heat: 213 100% 45%; --problem: #b23410; }
@media (prefers-color-scheme: dark) { :root { --paper: #131517; --card: #1b1e21; --sunk: #101214; --ink: #eceae5; --soft: #a9aeb3;
  --line: #2d3236; --model: #56b4e9; --zoom0: #ff8a4c; --zoom1: #f07ac0; --heat: 205 90% 60%; --problem: #ff7d57; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 16px; }
h1 { font-size: 20px; } h2 { font-size: 16px; margin: 0 0 4px; } h3 { font-size: 14px; margin: 0 0 4px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; margin: 16px 0; }
nav ul { list-style: none; padding: 0; } a { color: var(--model); }
.question { font-size: 16px; margin: 4px 0 12px; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 24px; }
@media (max-width: 760px) { .columns { grid-template-columns: minmax(0, 1fr); } section { margin-left: 0 !important; } }
figure { margin: 0; } figcaption, .soft, .who { color: var(--soft); font-size: 12px; }
.picture { display: block; position: relative; width: 100%; background-size: 100% 100%; border: 1px solid var(--line); border-radius: 4px;
  image-rendering: pixelated; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.stage .picture { image-rendering: auto; }
.box { position: absolute; border: 2.5px solid var(--c); box-shadow: 0 0 0 1px #0008; }
.box.nested { border-style: dotted; }
.box b { position: absolute; left: -2px; top: -2px; background: var(--c); color: var(--card); font: 600 11px/1 system-ui, sans-serif;
  padding: 3px 5px; white-space: nowrap; }
.gold { border: 2px dashed #3fe0ad; } .zoom0 { --c: var(--zoom0); } .zoom1 { --c: var(--zoom1); }
.turn { border-left: 3px solid var(--line); padding-left: 12px; margin: 0 0 12px; }
.turn.model { border-color: var(--model); } .turn.tool { border-color: var(--zoom0); }
.who { margin: 0; } .who b { color: var(--ink); }
.tokens { font: 13px/2 ui-monospace, Menlo, Consolas, monospace; margin: 0; overflow-wrap: anywhere; }
.t { white-space: pre-wrap; border-radius: 3px; padding: 3px 1px; background: hsl(var(--heat) / calc(var(--p, 0) * 0.45));
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.masked { color: var(--soft); background: repeating-linear-gradient(135deg, var(--sunk) 0 4px, transparent 4px 8px); }
.given { text-decoration: underline dotted 2px; text-underline-offset: 3px; background: none; } .thumb { display: inline-grid; width: 140px; vertical-align: middle; line-height: 1.4; padding: 4px; font-size: 12px; }
.scale { display: inline-block; width: 90px; height: 10px; border: 1px solid var(--line); border-radius: 3px; vertical-align: middle;
  background: linear-gradient(90deg, hsl(var(--heat) / 0), hsl(var(--heat) / 0.45)); }
table { border-collapse: collapse; font-size: 13px; } caption { text-align: left; font-weight: 600; margin-top: 12px; }
.reward { width: 100%; } .facts td, .reward td { padding: 3px 0; } .facts th, .reward th, .probabilities th { text-align: left; font-weight: 400; color: var(--soft); padding: 3px 16px 3px 0; }
th, td { vertical-align: top; overflow-wrap: anywhere; } .reward td, .probabilities td { text-align: right; font-variant-numeric: tabular-nums; }
.reward tr { border-bottom: 1px solid var(--line); } .probabilities td { padding: 2px 0 2px 16px; }
.probabilities tbody th { font-family: ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; color: var(--ink); }
summary { cursor: pointer; color: var(--soft); font-size: 12px; } .problem { color: var(--problem); }
`;
