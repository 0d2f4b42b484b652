// A call tree as a flame graph: one SVG that needs nothing else. A call's width is its time, what it called lies on
// top of it. Pointing at a call tells its name, place and share; the colour is its package's.
import type { Call } from './call-tree.ts';

const WIDTH = 1200;
const ROW = 18;
const CHARACTER = 6.4;
/** Calls narrower than this many pixels are left out. */
const NARROWEST = 0.6;

export function drawFlameGraph(tree: Call, title: string): string {
  const scale = WIDTH / (tree.total || 1);
  const depth = depthOf(tree, scale);
  const height = (depth + 1) * ROW + 44;
  const frames: string[] = [];
  const visit = (call: Call, x: number, level: number): void => {
    const width = call.total * scale;
    if (width < NARROWEST) return;
    const y = height - (level + 1) * ROW - 4;
    const share = ((call.total / tree.total) * 100).toFixed(1);
    const own = ((call.self / tree.total) * 100).toFixed(1);
    const room = Math.floor((width - 6) / CHARACTER);
    const label = room < 3 ? '' : call.name.length > room ? `${call.name.slice(0, room - 1)}…` : call.name;
    frames.push(
      `<g><title>${escapeXml(`${call.name} (${call.place}): ${share} %, itself ${own} %`)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.4, width - 0.4).toFixed(1)}" height="${ROW - 1}" rx="1" fill="${colourOf(call)}"/>${
        label === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escapeXml(label)}</text>`
      }</g>`,
    );
    let at = x;
    for (const child of call.children) {
      visit(child, at, level + 1);
      at += child.total * scale;
    }
  };
  visit(tree, 0, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="11">
<rect width="100%" height="100%" fill="#fdfcfa"/>
<text x="8" y="20" font-size="14" font-weight="bold">${escapeXml(title)}</text>
<text x="8" y="36" fill="#555">${(tree.total / 1000).toFixed(0)} ms of processor time; wider is longer, callers below, colours are packages</text>
${frames.join('\n')}
</svg>
`;
}

function depthOf(call: Call, scale: number): number {
  if (call.total * scale < NARROWEST) return 0;
  return 1 + Math.max(0, ...call.children.map((child) => depthOf(child, scale)));
}

/** The same hue for all of a package; grey for the engine, darker for garbage collection. */
function colourOf({ name, place }: Call): string {
  if (name === '(garbage collector)') return '#e08a7d';
  if (name.startsWith('(') || place === '(native)') return '#d9d5cf';
  const owner = place.startsWith('node:') ? 'node:' : place.split('/').slice(0, 2).join('/');
  let hash = 7;
  for (let i = 0; i < owner.length; i++) hash = (Math.imul(hash, 31) + owner.charCodeAt(i)) >>> 0;
  return owner === 'node:' ? '#c6d3c3' : `hsl(${hash % 360} 55% 76%)`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
