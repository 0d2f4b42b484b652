/** For a subject that has its place but no code yet: it is reported as not available, and nothing fails. */
export function notThereYet(what: string): never {
  throw Object.assign(new Error(`${what} is not there yet`), { code: 'MODULE_NOT_FOUND' });
}

/** For a package that may not be part of the repository yet. The variable keeps the compiler from looking for it. */
export async function importIfThere(name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(name)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') notThereYet(name);
    throw error;
  }
}
