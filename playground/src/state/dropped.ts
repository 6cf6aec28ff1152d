/** A dropped file or folder, as browsers hand it over. */
interface Entry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly fullPath: string;
  file(done: (file: File) => void, failed: (error: Error) => void): void;
  createReader(): { readEntries(done: (entries: Entry[]) => void, failed: (error: Error) => void): void };
}

/** More files than any model has: somebody dropped the wrong folder. */
const most = 500;

/** All files of what was dropped, those of folders with their paths. Throws an `Error` in plain words. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  // The list is gone once the event is over: take all entries first.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry() as Entry | null);
  const plain = [...data.files];
  if (entries.every((entry) => entry === null || entry.isFile)) return plain;
  const found: File[] = [];
  const visit = async (entry: Entry): Promise<void> => {
    if (found.length > most) throw new Error(`This folder holds more than ${most} files; drop the folder of a model.`);
    if (entry.isFile) found.push(await fileOf(entry));
    else for (const child of await childrenOf(entry)) await visit(child);
  };
  for (const entry of entries) if (entry !== null) await visit(entry);
  return found;
}

async function fileOf(entry: Entry): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.replace(/^\//, "") });
  return file;
}

async function childrenOf(folder: Entry): Promise<Entry[]> {
  const reader = folder.createReader();
  const all: Entry[] = [];
  for (;;) {
    // Browsers give a hundred at a time.
    const some = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
