import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface KeptDefinitions {
  /** Null: there is none, or it is another one. Throws where it cannot be read. */
  read(): Promise<string | null>;
  /** Soon; of several only the newest. A disk that takes nothing is a warning of the process, once. */
  write(text: string): void;
  /** When nothing is left to write. */
  settled(): Promise<void>;
}

/** Whose definitions a file keeps; without a flag set those of all flags. */
export interface KeptOf {
  environment: string;
  flagSet: string | undefined;
}

/** The last definitions of one environment, or of one flag set in it, in a file, whole at any moment. */
export function keptDefinitions(file: string, of: KeptOf): KeptDefinitions {
  let next: string | null = null;
  let writing: Promise<void> | null = null;
  let warned = false;

  async function drain(): Promise<void> {
    for (let text = next; text !== null; text = next) {
      next = null;
      try {
        await replace(file, text);
        warned = false;
      } catch (error) {
        if (!warned)
          process.emitWarning(`The definitions of flags cannot be kept in ${file}: ${String(error)}`);
        warned = true;
      }
    }
    writing = null;
  }

  return {
    async read() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      return text !== null && isOf(of, text) ? text : null;
    },
    write(text) {
      next = text;
      writing ??= drain();
    },
    settled: async () => void (await writing),
  };
}

/** Another name first: whoever reads finds the one before or the new one, whole. Segments name people: it is private. */
async function replace(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(fresh, text, { mode: 0o600, flush: true });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

/** A flag set that does not say which one it is counts as right: flagd's own sync service says nothing. */
function isOf({ environment, flagSet }: KeptOf, text: string): boolean {
  const set: unknown = JSON.parse(text);
  if (typeof set !== 'object' || set === null || !('flags' in set)) throw new Error('It is no flag set.');
  const metadata = 'metadata' in set ? set.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('flagSetId' in metadata)) return true;
  if (flagSet === undefined) return metadata.flagSetId === environment;
  // Several environments may have a flag set of one name.
  return metadata.flagSetId === flagSet && 'scope' in metadata && metadata.scope === environment;
}
