// What the commands read from their arguments alike.
import { EXIT, Failure, wrongArguments } from '@millrace/example-send-file/failure';

export function usage(message: string): Failure {
  return new Failure(message, EXIT.usage);
}

/** Calls parseArgs; its complaints become wrong usage. */
export function reading<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw wrongArguments(error);
  }
}

/** A number above 0, or what stands in if there is none. */
export function positive<T extends number | undefined>(
  option: string,
  text: string | undefined,
  otherwise: T,
): number | T {
  if (text === undefined) return otherwise;
  const value = /^\d{1,12}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw usage(`${option} must be a number above 0, not '${text}'`);
}

export function whole<T extends number | undefined>(
  option: string,
  text: string | undefined,
  otherwise: T,
): number | T {
  const value = positive(option, text, otherwise);
  if (value !== undefined && !Number.isInteger(value)) throw usage(`${option} must be a whole number`);
  return value;
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
