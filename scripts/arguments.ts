// Command lines of the scripts: node:util's parseArgs, with a sentence where it would throw.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The options and positionals of this process. Wrong usage ends it with one line that names what there is, and 2. */
export function readArguments<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')) throw error;
    const message = (error as Error).message.split(/\. (?=To )/)[0]!.replaceAll('\n', ' ');
    const options = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    console.error(`${message}; there are ${options.join(', ')}`);
    process.exit(2);
  }
}
