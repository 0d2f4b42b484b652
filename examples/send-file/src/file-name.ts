// The name a received file gets. It comes from the other side, so it is made harmless: one plain name, in the
// directory the receiver chose, whatever was asked for.

/** Bytes of a file name that every common file system takes. */
const MAX_BYTES = 240;
/** Names that Windows keeps for devices, with or without an extension. */
const DEVICES = /^(con|conin\$|conout\$|prn|aux|nul|(?:com|lpt)[\d¹²³])(\.|$)/i;

export function safeFileName(asked: string): string {
  return safeInnerName(
    asked
      .split(/[/\\]/)
      .at(-1)!
      .replace(/^[.\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/u, ''),
  );
}

/** The same for what is inside a folder that was received: there it may begin with a dot. */
export function safeInnerName(asked: string): string {
  const plain = asked
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '') // nothing that moves a cursor or turns text around
    .replace(/[<>:"|?*/\\]/g, '_')
    .replace(/[.\s]+$/g, ''); // no `..`, no end that Windows drops
  const named = DEVICES.test(plain) ? `_${plain}` : plain;
  return shorten(named) || 'file';
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const extension = /\.[^.]{1,16}$/u.exec(name)?.[0] ?? '';
  let stem = [...name.slice(0, name.length - extension.length)];
  while (Buffer.byteLength(stem.join('') + extension) > MAX_BYTES) stem = stem.slice(0, -1);
  return stem.join('') + extension;
}
