import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../local/synth/synthesize.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The cloud assembly of bin/parley.ts, and the names of the environment in which it was made. */
    readonly cloudAssembly: { readonly directory: string; readonly variables: readonly string[] };
  }
}

/** Synthesizes bin/parley.ts once, for all files of end-to-end tests, before the first; removes it after the last. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-assembly-'));
  const project = join(import.meta.dirname, '../..');
  await synthesize({ project, file: join(project, 'bin/parley.ts'), outDirectory: directory, except: [] });
  provide('cloudAssembly', { directory, variables: Object.keys(process.env) });
  return () => rm(directory, { recursive: true });
}
