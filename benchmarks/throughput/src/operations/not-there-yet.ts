/** For a subject that has its place but no code here: it is reported as not available, and nothing fails. */
export function notThereYet(what: string): never {
  throw Object.assign(new Error(`${what} is not there yet`), { code: 'MODULE_NOT_FOUND' });
}
