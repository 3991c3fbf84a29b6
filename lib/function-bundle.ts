import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack, Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** Where the functions' entry files are. */
export const ENTRY_DIRECTORY = join(PROJECT, 'lambdas');

/**
 * Bundles entry files `<name>.ts`, each with all that it imports, into `<name>/index.mjs` in `outputDirectory`,
 * minified, with its source map. The same sources give the same bytes, wherever project and output stand. Throws
 * esbuild's errors, which name file and line.
 */
export function bundle(entryDirectory: string, names: readonly string[], outputDirectory: string): void {
  // nothing is written there: it is what the paths in the source maps are relative to
  const outdir = join(PROJECT, 'build');
  const { outputFiles } = buildSync({
    // all at once: what they share is read once, which halves the time
    entryPoints: names.map((name) => ({ in: join(entryDirectory, `${name}.ts`), out: `${name}/index` })),
    outdir,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // the SDK has ES modules for bundlers, of which esbuild can leave out what is not used
    mainFields: ['module', 'main'],
    // for NODE_OPTIONS=--enable-source-maps; not set by the stack, as it lengthens a cold start by a sixth
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
  });
  for (const { path, contents } of outputFiles) {
    const output = join(outputDirectory, relative(outdir, path));
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, contents);
  }
}

/**
 * The code of functions whose handlers are `index.handler`, by name, bundled into the output of the synthesis. Where
 * the CDK's context says that the stack needs no code (`aws:cdk:bundling-stacks`), the sources stand in for it.
 */
export function bundledCode(scope: Construct, entryDirectory: string, names: readonly string[]) {
  if (!Stack.of(scope).bundlingRequired) return () => Code.fromAsset(entryDirectory);
  const { assetOutdir } = Stage.of(scope) ?? {};
  if (assetOutdir === undefined) throw new Error(`${scope.node.path} is in no app`);
  const bundles = join(assetOutdir, 'bundles', Stack.of(scope).artifactId);
  bundle(entryDirectory, names, bundles);
  return (name: string) => Code.fromAsset(join(bundles, name));
}
