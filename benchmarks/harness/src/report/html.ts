// Text to HTML without surprises, and the pieces of a page that several sections use.

/** A piece of HTML that is meant as such. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Piece = string | number | Html | undefined | readonly Piece[];

/** A tagged template: what is put in is escaped, unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let text = strings[0]!;
  for (let i = 0; i < pieces.length; i++) text += toText(pieces[i]) + strings[i + 1]!;
  return new Html(text);
}

function toText(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'string' || typeof piece === 'number') return escapeHtml(String(piece));
  return piece.map(toText).join('');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export interface FigureParts {
  readonly title: string;
  readonly svg: string;
  /** A sentence for those who don't see the drawing. */
  readonly description: string;
  /** Names and colours of what is drawn. */
  readonly legend?: readonly (readonly [name: string, colour: string])[];
  readonly note?: Piece;
}

export function figure({ title, svg, description, legend, note }: FigureParts): Html {
  const labelled = svg.replace('<svg ', `<svg role="img" aria-label="${escapeHtml(description)}" `);
  return html`<figure><figcaption>${title}</figcaption>${
    legend &&
    html`<ul class="legend">${legend.map(
      ([name, colour]) => html`<li><i style="background:${colour}"></i>${name}</li>`,
    )}</ul>`
  }${new Html(labelled)}${note === undefined ? undefined : html`<p class="note">${note}</p>`}</figure>`;
}

/** Scrolls by itself where it is wider than the page, by keyboard too. */
export function table(
  caption: string,
  header: readonly string[],
  rows: readonly (readonly Piece[])[],
  left = 1,
): Html {
  const cell = (piece: Piece, column: number): Html =>
    column === 0
      ? html`<th scope="row">${piece}</th>`
      : html`<td${column < left ? new Html(' class="text"') : undefined}>${piece}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><thead><tr>${header.map(
    (title, i) => html`<th scope="col"${i < left ? new Html(' class="text"') : undefined}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`;
}

export function section(id: string, title: string, intro: Piece, content: Piece): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><p>${intro}</p>${content}</section>`;
}

export function grid(figures: readonly Html[]): Html {
  return html`<div class="grid">${figures}</div>`;
}
