// A small lexer for TypeScript: tells code from comments, strings, templates and regular expressions, and finds
// the import and export statements. TypeScript 7 has no compiler API to ask, and erasing the types first would
// lose `import type`, which is a dependency like any other. Leaves out: JSX, and regular expressions that begin
// a statement after `)` or `}`.

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased before run time: `import type`, `export type`. */
  readonly typeOnly: boolean;
  readonly kind: 'import' | 'export' | 'export-star' | 'dynamic';
}

/**
 * `source` with comments, the insides of strings and templates, and regular expressions turned into spaces.
 * Every character keeps its place, so offsets and lines are those of the source.
 */
export function maskSource(source: string): string {
  const out = source.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // Depth of braces at which each open `${` ends.
  const templates: number[] = [];
  let braces = 0;
  let at = 0;
  const template = (from: number): number => {
    let i = from;
    while (i < source.length) {
      if (source[i] === '\\') i += 2;
      else if (source[i] === '`') {
        blank(from, i);
        return i + 1;
      } else if (source[i] === '$' && source[i + 1] === '{') {
        blank(from, i);
        templates.push(braces++);
        return i + 2;
      } else i++;
    }
    blank(from, i);
    return i;
  };
  while (at < source.length) {
    const char = source[at]!;
    if (char === '/' && source[at + 1] === '/') {
      const end = indexOrEnd(source, '\n', at);
      blank(at, end);
      at = end;
    } else if (char === '/' && source[at + 1] === '*') {
      const end = Math.min(source.length, indexOrEnd(source, '*/', at + 2) + 2);
      blank(at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      const end = endOfString(source, at + 1, char);
      blank(at + 1, end);
      at = end + 1;
    } else if (char === '`') {
      at = template(at + 1);
    } else if (char === '{') {
      braces++;
      at++;
    } else if (char === '}') {
      braces--;
      at++;
      if (templates.at(-1) === braces) {
        templates.pop();
        at = template(at);
      }
    } else if (char === '/' && startsRegExp(out, at)) {
      const end = endOfRegExp(source, at + 1);
      blank(at, end);
      at = end;
    } else at++;
  }
  return out.join('');
}

/** Every module that `source` names, given its masked form. */
export function findImports(source: string, masked: string): Import[] {
  const found: Import[] = [];
  // From the keyword to the string that names the module; no `;`, quote or second statement in between.
  const statement =
    /(?<![.\w$#])(import|export)\s+(type\s+(?!from\b))?((?:[\w$*{},\s]+?\sfrom|\{[\w$,\s]*\}\s*from|\*\s*from)\s*)?(["'])/g;
  for (const match of masked.matchAll(statement)) {
    const [whole, keyword, type, clause] = match;
    if (keyword === 'export' && clause === undefined) continue; // `export 'x'` is no statement
    const open = match.index + whole.length;
    const star = keyword === 'export' && /^\s*\*/.test(clause!) && !/\bas\b/.test(clause!);
    found.push({
      specifier: source.slice(open, masked.indexOf(match[4]!, open)),
      line: lineOf(source, match.index),
      typeOnly: type !== undefined,
      kind: star ? 'export-star' : (keyword as 'import' | 'export'),
    });
  }
  for (const match of masked.matchAll(/(?<![.\w$#])import\s*\(\s*(["'])/g)) {
    const open = match.index + match[0].length;
    found.push({
      specifier: source.slice(open, masked.indexOf(match[1]!, open)),
      line: lineOf(source, match.index),
      // `import('x').T` in a type is not told apart from a call; both are dependencies.
      typeOnly: false,
      kind: 'dynamic',
    });
  }
  return found.sort((a, b) => a.line - b.line);
}

export function lineOf(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf('\n'); i !== -1 && i < offset; i = source.indexOf('\n', i + 1)) line++;
  return line;
}

const BEFORE_REGEXP =
  /(?:^|[=(,:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|instanceof|yield|await))$/;

function startsRegExp(out: readonly string[], at: number): boolean {
  let i = at - 1;
  while (i >= 0 && /\s/.test(out[i]!)) i--;
  return BEFORE_REGEXP.test(out.slice(Math.max(0, i - 11), i + 1).join(''));
}

function endOfRegExp(source: string, from: number): number {
  let inClass = false;
  for (let i = from; i < source.length; i++) {
    const char = source[i];
    if (char === '\n') return from; // a division after all
    if (char === '\\') i++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return from;
}

function endOfString(source: string, from: number, quote: string): number {
  let i = from;
  while (i < source.length && source[i] !== quote && source[i] !== '\n') i += source[i] === '\\' ? 2 : 1;
  return Math.min(i, source.length);
}

function indexOrEnd(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found === -1 ? source.length : found;
}
