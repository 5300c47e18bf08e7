/** Keeps exports in a folder or an S3 bucket, as a URL says. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

export interface FileStore {
  /** Address of a file, without secrets. */
  urlOf(name: string): string;
  /** Writes the whole file or nothing; replaces one of the same name. */
  write(name: string, content: Readable): Promise<void>;
  /** Null when there is no such file. */
  read(name: string): Promise<Readable | null>;
  /** Harmless when it is gone. */
  remove(name: string): Promise<void>;
  /** Names with this prefix, including unfinished files. */
  list(prefix: string): Promise<string[]>;
  close(): void;
}

/** @param url `file:///folder`, or `s3://bucket/prefix?region=…` */
export async function openFileStore(url: string): Promise<FileStore> {
  if (!url.startsWith('s3://')) return folderStore(fileURLToPath(url), url);
  // With files in a folder there is no need to load AWS's SDK.
  const { bucketStore } = await import('./bucket-store.ts');
  return bucketStore(new URL(url));
}

/** Suffix of a file during its writing. */
const unfinished = '.part';

function folderStore(folder: string, url: string): FileStore {
  const base = url.replace(/\/$/, '');
  return {
    urlOf: (name) => `${base}/${name}`,
    async write(name, content) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await pipeline(content, createWriteStream(`${file}${unfinished}`, { mode: 0o600, flush: true }));
      await rename(`${file}${unfinished}`, file);
    },
    async read(name) {
      const file = join(folder, name);
      return (await stat(file).catch(() => null)) ? createReadStream(file) : null;
    },
    async remove(name) {
      const file = join(folder, name);
      await rm(file, { force: true });
    },
    async list(prefix) {
      const found = await readdir(join(folder, dirname(prefix))).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      return found.map((name) => join(dirname(prefix), name)).filter((name) => name.startsWith(prefix));
    },
    close: () => {},
  };
}
