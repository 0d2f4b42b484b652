// IVF and Ogg files: any bytes give packets or an error with a code, and reading comes to an end.
import {
  IvfReader,
  ivfHeader,
  OggOpusReader,
  OggOpusWriter,
  writeIvfFrameHeader,
} from '@millrace/rtp/recording';
import { type FuzzTarget, invariant } from './target.ts';

const PACKET = Uint8Array.of(0xf8, 1, 2, 3);

export const target: FuzzTarget = {
  name: 'recording',
  seeds: [oggFile(), ivfFile()],
  run(input) {
    for (const Reader of [IvfReader, OggOpusReader]) {
      let reader: IvfReader | OggOpusReader;
      try {
        reader = new Reader(input);
      } catch (error) {
        invariant((error as { code?: string }).code === 'BAD_FILE', `a bad file threw ${String(error)}`);
        continue;
      }
      let count = 0;
      while (reader.next()) {
        invariant(++count <= input.length, 'a file comes to an end');
        invariant(reader.at <= reader.end && reader.end <= reader.bytes.length, 'a packet lies in the file');
      }
    }
  },
};

function oggFile(): Uint8Array {
  const writer = new OggOpusWriter({ vendor: 'fuzz' });
  const parts = [writer.header()];
  for (let i = 0; i < 60; i++) parts.push(writer.push(PACKET, 0, PACKET.length) ?? new Uint8Array(0));
  parts.push(writer.finish());
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function ivfFile(): Uint8Array {
  const header = ivfHeader({
    codec: 'VP80',
    width: 640,
    height: 360,
    timeBase: { numerator: 1, denominator: 90_000 },
    frames: 1,
  });
  const head = new Uint8Array(12);
  writeIvfFrameHeader(head, 0, PACKET.length, 3_000);
  return Uint8Array.from([...header, ...head, ...PACKET]);
}
