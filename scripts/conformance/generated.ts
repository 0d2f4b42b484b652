// The part of a document that is made from the sources: from a comment that says how to its end.

const END = '<!-- end -->';

/** The document with `lines` for what stands from `begin` to the end of that part. */
export function replaceGenerated(document: string, begin: string, lines: readonly string[]): string {
  const start = document.indexOf(begin);
  const end = document.indexOf(END, start);
  if (start === -1 || end === -1) throw new Error(`the document has no place for it: ${begin} ... ${END}`);
  return document.slice(0, start) + [begin, ...lines, '', END].join('\n') + document.slice(end + END.length);
}
