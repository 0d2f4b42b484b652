// A drawing as pixels, for those who cannot show SVG.
import { Resvg } from '@resvg/resvg-js';

/** On white, `width` pixels wide. */
export function renderPng(svg: string, width: number): Uint8Array {
  const image = new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'width', value: width },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}
