// How the processes of a round are started where not as usual: from another checkout, with other flags or environment.
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The top folder of the checkout this file belongs to, as a URL that ends in a slash. */
const HERE = new URL('../../../', import.meta.url);

export interface Launch {
  /** Top folder of the checkout whose harness and packages run. Default: this one. */
  readonly root?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

/** The same file in the launch's checkout, as a URL. */
export function inCheckout(url: string, { root }: Launch): string {
  if (root === undefined) return url;
  const path = relative(fileURLToPath(HERE), fileURLToPath(url));
  return new URL(path.replaceAll('\\', '/'), `${pathToFileURL(root).href}/`).href;
}
