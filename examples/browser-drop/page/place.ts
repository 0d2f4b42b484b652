// Where a file goes that is taken: straight to disk where the browser lets a page write there, and otherwise into a Blob,
// which the browser keeps in memory until all of it is there, and then into its downloads.
import type { Sink } from '../src/wire/transfer.ts';

/** Not in every browser, and nowhere on pages that are neither encrypted nor this machine's own. */
interface MayPick {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

/** Milliseconds after which a download has certainly begun. */
const DOWNLOAD_BEGUN = 60_000;

export function writesToDisk(): boolean {
  return (globalThis as MayPick).showSaveFilePicker !== undefined;
}

/** Throws if whoever is asked where to put it has no answer. */
export async function openPlace(name: string): Promise<Sink> {
  const page = globalThis as MayPick;
  if (!page.showSaveFilePicker) return intoMemory(name);
  const handle = await page.showSaveFilePicker({ suggestedName: plain(name) });
  return ontoDisk(await handle.createWritable());
}

/** What is written takes its place when it is closed, and not before. */
function ontoDisk(file: FileSystemWritableFileStream): Sink {
  return {
    write: (chunks) => file.write(new Blob(chunks)),
    commit: () => file.close(),
    discard: () => file.abort().catch(() => {}),
  };
}

function intoMemory(name: string): Sink {
  let parts: Blob[] = [];
  return {
    write: async (chunks) => {
      parts.push(new Blob(chunks)); // out of the heap at once; some browsers move large ones to disk
    },
    commit: async () => {
      const url = URL.createObjectURL(new Blob(parts));
      parts = [];
      const link = document.createElement('a');
      link.href = url;
      link.download = plain(name);
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_BEGUN);
    },
    discard: async () => {
      parts = [];
    },
  };
}

/** A name without what no file picker takes, or what would turn it around on the screen. */
function plain(name: string): string {
  return (
    name
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
      .replace(/[<>:"/\\|?*~]/g, '_')
      .replace(/^[.\s]+|[.\s]+$/g, '')
      .slice(0, 200) || 'file'
  );
}
