// Colours of the charts, told apart by people with any kind of colour vision, in both schemes. In the page they are
// CSS variables, so that a drawn chart follows the reader's scheme; in files of their own they are themselves.

export interface Palette {
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly paper: string;
  readonly good: string;
  readonly bad: string;
  /** By subject. */
  readonly series: (subject: string) => string;
  readonly font: string;
}

/** In the order in which they are given out; well-known subjects always have the same one. */
const SERIES = ['s1', 's2', 's3', 's4', 's5', 's6', 's7'] as const;
const KNOWN: Readonly<Record<string, number>> = {
  millrace: 0,
  'node-datachannel': 1,
  werift: 2,
  wrtc: 3,
  'millrace-portable': 4,
  udp: 5,
  'udp-batched': 6,
};

type ColourName = 'ink' | 'faint' | 'line' | 'paper' | 'good' | 'bad' | (typeof SERIES)[number];

export const LIGHT: Readonly<Record<ColourName, string>> = {
  ink: '#1c2430',
  faint: '#5a6676',
  line: '#d5dbe3',
  paper: '#ffffff',
  good: '#0b6bcb',
  bad: '#c2410c',
  s1: '#0b6bcb',
  s2: '#b45309',
  s3: '#a21caf',
  s4: '#15803d',
  s5: '#0e7490',
  s6: '#6b7280',
  s7: '#be123c',
};

export const DARK: Readonly<Record<ColourName, string>> = {
  ink: '#e6eaf0',
  faint: '#a2adbb',
  line: '#333d4a',
  paper: '#12171e',
  good: '#5aa9ff',
  bad: '#ff9457',
  s1: '#5aa9ff',
  s2: '#f0a63a',
  s3: '#e58af0',
  s4: '#5ccf86',
  s5: '#4ecbe0',
  s6: '#9aa5b1',
  s7: '#ff7a90',
};

export const PAGE_PALETTE: Palette = paletteOf((name) => `var(--${name})`, 'inherit');
export const FILE_PALETTE: Palette = paletteOf((name) => LIGHT[name], 'DejaVu Sans, Arial, sans-serif');

function paletteOf(colour: (name: ColourName) => string, font: string): Palette {
  const given = new Map<string, number>();
  return {
    ink: colour('ink'),
    faint: colour('faint'),
    line: colour('line'),
    paper: colour('paper'),
    good: colour('good'),
    bad: colour('bad'),
    font,
    series(subject) {
      let index = KNOWN[subject] ?? given.get(subject);
      if (index === undefined) {
        index = 1 + (given.size % (SERIES.length - 1));
        given.set(subject, index);
      }
      return colour(SERIES[index]!);
    },
  };
}

/** Dark to light through blue, green and yellow; steps of equal value look equally far apart, and print in grey. */
export const HEAT: readonly string[] = ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'];
/** The first colours of `HEAT`, up to this share of its range, want light text on them. */
export const HEAT_DARK_UNTIL = 0.55;
