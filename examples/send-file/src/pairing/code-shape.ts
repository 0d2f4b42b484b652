// What looks like a code, without the list of words: that is loaded once a code is used.

const CODE = /^\s*[1-9]\d{0,8}(?:-[a-z]+){2}\s*$/i;

export function looksLikeCode(text: string): boolean {
  return CODE.test(text);
}

/** Takes the code out of a command's positional arguments, if there is one. A path of that form is written `./4-a-b`. */
export function takeCode(positionals: string[]): string | undefined {
  const at = positionals.findIndex(looksLikeCode);
  return at < 0 ? undefined : positionals.splice(at, 1)[0];
}
