/** Tells whether this runs in Node, which has files and folders. */
export const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/** Reads parts of one file. Reads that go forward are the fast ones. */
export interface RandomAccess {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes `begin` to `end` (not included), which lie within the file. Valid until the next read. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** Gives back what keeps the file open. */
  close(): Promise<void>;
}

/** The files of a checkpoint, wherever they lie: in a folder, at a URL, dropped on a page. */
export interface CheckpointFolder {
  /** The last part of its path: what the model is called. */
  readonly name: string;
  /** The path or URL of a file, for errors. */
  locate(file: string): string;
  /** A file by its name, or undefined when there is none. */
  open(file: string): Promise<RandomAccess | undefined>;
}

/** A file that is in memory. */
export function memoryAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    read: async (begin, end) => bytes.subarray(begin, end),
    close: async () => {},
  };
}

/**
 * The files of a folder that was dropped on a page or chosen with `<input type="file" webkitdirectory>`. Of files with
 * the same name in several folders the uppermost counts.
 */
export function droppedFolder(files: ArrayLike<File>): CheckpointFolder {
  const pathOf = (file: File) => file.webkitRelativePath || file.name;
  const depth = (file: File) => pathOf(file).split("/").length;
  const uppermost = Array.from(files).sort((a, b) => depth(a) - depth(b));
  const top = uppermost.map(pathOf).find((path) => path.includes("/"));
  const name = top?.split("/")[0] ?? "dropped files";
  return {
    name,
    locate: (file) => `${name}/${file}`,
    async open(file) {
      const found = uppermost.find((candidate) => candidate.name === file);
      return found && blobAccess(found);
    },
  };
}

function blobAccess(blob: Blob): RandomAccess {
  return {
    size: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
    close: async () => {},
  };
}
