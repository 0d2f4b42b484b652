// `key`: draws an API key, shows it once and keeps its hash.
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, Failure } from '@millrace/example-send-file/failure';
import { drawKey } from '../api-keys/key.ts';
import { addKey, keyLine, readKeys } from '../api-keys/key-file.ts';
import { reading, usage } from './arguments.ts';

export async function key(args: string[]): Promise<ExitCode> {
  const { values } = reading(() =>
    parseArgs({ args, options: { keys: { type: 'string' }, name: { type: 'string', default: '' } } }),
  );
  if (!/^[\x20-\x7e]{0,64}$/.test(values.name)) throw usage('--name must be at most 64 plain characters');
  const drawn = drawKey();
  if (values.keys === undefined) {
    process.stderr.write(`For the file of keys:\n  ${keyLine(drawn, values.name)}\n`);
  } else {
    await addKey(values.keys, drawn, values.name).catch((cause: Error) => {
      throw new Failure(`the key cannot be kept: ${cause.message}`, undefined, { cause });
    });
    await readKeys(values.keys); // says so if the file was no file of keys
  }
  process.stdout.write(`${drawn.key}\n`);
  return EXIT.ok;
}
