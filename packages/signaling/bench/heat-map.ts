// The sweep of serialise.ts as a picture: a panel for each format, records across, bytes down, in each cell the ratio.
import type { Cell } from './serialise.ts';

const [WIDTH, HEIGHT, LEFT, TOP] = [86, 30, 70, 70];

export function drawHeatMap(
  cells: readonly Cell[],
  records: readonly number[],
  bodies: readonly number[],
): string {
  const panelWidth = LEFT + records.length * WIDTH + 20;
  const height = TOP + bodies.length * HEIGHT + 20;
  const panels = ['raw', 'base64'].map((format, i) => {
    const parts = [
      text(LEFT, 24, `${format}: direct against JSON.stringify`, 15, 'start'),
      text(LEFT, 42, 'times as fast; records in a batch across, bytes of a body down', 11, 'start'),
      ...records.map((count, x) => text(LEFT + (x + 0.5) * WIDTH, TOP - 8, `${count}`, 12, 'middle')),
      ...bodies.map((bytes, y) => text(LEFT - 8, TOP + (y + 0.65) * HEIGHT, `${bytes} B`, 12, 'end')),
    ];
    for (const cell of cells.filter((each) => each.format === format)) {
      const left = LEFT + records.indexOf(cell.records) * WIDTH;
      const top = TOP + bodies.indexOf(cell.bodyBytes) * HEIGHT;
      const share = Math.min(1, Math.log2(Math.max(1, cell.ratio)) / 5); // 32x and more are the darkest
      const lightness = Math.round(95 - 65 * share);
      const ink = lightness < 60 ? '#ffffff' : '#1c2430';
      parts.push(
        `<rect x="${left}" y="${top}" width="${WIDTH - 1}" height="${HEIGHT - 1}" fill="hsl(200 60% ${lightness}%)"/>`,
        text(left + WIDTH / 2, top + HEIGHT * 0.65, `${cell.ratio.toFixed(1)}x`, 12, 'middle', ink),
      );
    }
    return `<g transform="translate(${i * panelWidth} 0)">${parts.join('')}</g>`;
  });
  const width = panels.length * panelWidth;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="DejaVu Sans, Arial, sans-serif"><rect width="100%" height="100%" fill="#ffffff"/>${panels.join('')}</svg>\n`;
}

function text(x: number, y: number, value: string, size: number, anchor: string, fill = '#1c2430'): string {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${fill}">${value}</text>`;
}
