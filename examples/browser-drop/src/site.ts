// What the page is made of, by path: its own files, and the modules that it imports, wherever they lie, one path each.
// TypeScript loses its types here; what is not touched stays on the line it was on.
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The only code that runs is that of these files; names of files and whatever else arrives is never markup. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
};

const HOME = new URL('../', import.meta.url);
const ENTRY = 'page/main.ts';
const ASSETS = ['page/style.css', 'page/icon.svg'];
/** A package of which modules may be served, and what the page imports of it. */
const PACKAGE = '@millrace/signaling';

/** An import or export with a source, as it stands at the beginning of a line in formatted code. */
const IMPORT = /^((?:import|export)\s[\w\s{},*$]*?from\s*|import\s*)(['"])([^'"\n]+)\2/gm;

/** Throws if a module imports what the page can't have. */
export async function buildSite(): Promise<Map<string, Uint8Array>> {
  const site = new Map<string, Uint8Array>();
  site.set('/index.html', await readFile(new URL('page/index.html', HOME)));
  for (const asset of ASSETS) site.set(`/${asset}`, await readFile(new URL(asset, HOME)));
  const places = [
    { folder: HOME, path: '/' },
    { folder: new URL('.', import.meta.resolve(`${PACKAGE}/package.json`)), path: `/${PACKAGE}/` },
  ];
  await addModule(new URL(ENTRY, HOME), places, site);
  return site;
}

interface Place {
  readonly folder: URL;
  readonly path: string;
}

async function addModule(
  module: URL,
  places: readonly Place[],
  site: Map<string, Uint8Array>,
): Promise<void> {
  const path = pathOf(module, places);
  if (site.has(path)) return;
  const source = await readFile(module, 'utf8');
  const code = module.pathname.endsWith('.ts') ? withoutTypes(source) : source;
  const imported: URL[] = [];
  const text = code.replace(IMPORT, (_all, before: string, quote: string, specifier: string) => {
    const target = new URL(
      specifier.startsWith('.') ? new URL(specifier, module) : import.meta.resolve(specifier),
    );
    imported.push(target);
    // Relative, so that the page works behind a proxy that puts it somewhere else.
    return `${before}${quote}./${posix.relative(posix.dirname(path), pathOf(target, places))}${quote}`;
  });
  site.set(path, new TextEncoder().encode(text));
  for (const each of imported) await addModule(each, places, site);
}

function pathOf(module: URL, places: readonly Place[]): string {
  const place = places.find(({ folder }) => module.href.startsWith(folder.href));
  if (!place || module.protocol !== 'file:') throw new Error(`the page can't have ${fileURLToPath(module)}`);
  return place.path + module.href.slice(place.folder.href.length).replace(/\.ts$/, '.js');
}

/** Node says once in each process that this may change; no news to whoever wants to exchange files. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
