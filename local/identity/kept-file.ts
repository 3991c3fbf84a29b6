import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';

/** Makes a directory, where it is missing, and lets only its owner in. */
export async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/**
 * The text of a file that is made once and never changed, readable by its owner alone. Of several processes that make
 * it at the same time one wins, and all answer what that one made.
 */
export async function keptFile(path: string, make: () => string | Promise<string>): Promise<string> {
  const found = await textOf(path);
  if (found !== undefined) return found;
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, await make(), { flag: 'wx', mode: 0o600 });
  try {
    // unlike a rename, it never replaces what another has made
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(path, 'utf8');
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
