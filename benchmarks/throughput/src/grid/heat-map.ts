// The grid as one picture: a panel for each congestion control and rate, losses across, round trips down, and in each cell
// the share of the link.
import { type Cell, LOSSES, ROUND_TRIPS } from './cells.ts';

const CELL_WIDTH = 74;
const CELL_HEIGHT = 30;
const LEFT = 70;
const TOP = 78;
const PANEL_WIDTH: number = LEFT + LOSSES.length * CELL_WIDTH + 24;
const PANEL_HEIGHT: number = TOP + ROUND_TRIPS.length * CELL_HEIGHT + 20;
export const GRID_WIDTH: number = 2 * PANEL_WIDTH;
const FONT = 'font-family="DejaVu Sans, Arial, sans-serif"';
const FAINT = '#5a6676';
/** From nothing to the whole link: told apart by lightness as well. */
const SCALE: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];
/** On the darker colours text is white. */
const DARK_UNTIL = 0.55;

export function drawGrid(cells: readonly Cell[]): string {
  const controls = [...new Set(cells.map((cell) => cell.control))];
  const rates = [...new Set(cells.map((cell) => cell.rate))].sort((a, b) => a - b);
  const panels = controls.flatMap((control, row) =>
    rates.map((rate, column) => {
      const own = cells.filter((cell) => cell.control === control && cell.rate === rate);
      const at = `translate(${column * PANEL_WIDTH} ${row * PANEL_HEIGHT})`;
      return `<g transform="${at}">${drawPanel(`${control}, ${rate} Mbit/s`, own)}</g>`;
    }),
  );
  const height = controls.length * PANEL_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${GRID_WIDTH} ${height}" width="${GRID_WIDTH}" height="${height}" ${FONT}><rect width="100%" height="100%" fill="#ffffff"/>${panels.join('')}</svg>\n`;
}

function drawPanel(title: string, cells: readonly Cell[]): string {
  const parts = [
    text(LEFT, 26, title, 'font-size="15" fill="#1c2430"'),
    text(
      LEFT,
      46,
      'goodput in % of the link; loss across, round trip down',
      `font-size="11" fill="${FAINT}"`,
    ),
  ];
  for (const [x, loss] of LOSSES.entries())
    parts.push(
      text(LEFT + (x + 0.5) * CELL_WIDTH, TOP - 8, `${loss * 100} %`, `${axis('middle')} fill="${FAINT}"`),
    );
  for (const [y, roundTrip] of ROUND_TRIPS.entries())
    parts.push(
      text(LEFT - 8, TOP + (y + 0.5) * CELL_HEIGHT + 4, `${roundTrip} ms`, `${axis('end')} fill="${FAINT}"`),
    );
  for (const { roundTripTime, loss, share } of cells) {
    const x = LOSSES.indexOf(loss);
    const y = ROUND_TRIPS.indexOf(roundTripTime);
    if (x < 0 || y < 0) continue;
    const left = LEFT + x * CELL_WIDTH;
    const top = TOP + y * CELL_HEIGHT;
    const ink = share < DARK_UNTIL ? '#ffffff' : '#000000';
    parts.push(
      `<rect x="${left}" y="${top}" width="${CELL_WIDTH - 1}" height="${CELL_HEIGHT - 1}" fill="${colourOf(share)}"/>`,
      text(
        left + CELL_WIDTH / 2,
        top + CELL_HEIGHT / 2 + 4,
        (share * 100).toFixed(1),
        `${axis('middle')} fill="${ink}"`,
      ),
    );
  }
  return parts.join('');
}

function colourOf(share: number): string {
  const place = Math.min(Math.max(share, 0), 1) * (SCALE.length - 1);
  const low = Math.min(Math.floor(place), SCALE.length - 2);
  const from = SCALE[low]!;
  const to = SCALE[low + 1]!;
  const mixed = from.map((value, i) => Math.round(value + (to[i]! - value) * (place - low)));
  return `rgb(${mixed.join(',')})`;
}

function axis(anchor: 'middle' | 'end'): string {
  return `font-size="12" text-anchor="${anchor}"`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content}</text>`;
}
