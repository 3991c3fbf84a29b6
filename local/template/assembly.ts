import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartError } from '../start-error.ts';
import type { Template } from './template.ts';

/** The stack of a cloud assembly: its template and the code that it names. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Where the zip of that name (`<hash>.zip`) lies unpacked; undefined: it is none of this assembly. */
  assetDirectory(objectKey: string): string | undefined;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string; readonly packaging?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/**
 * Reads what `cdk synth` left in a directory (cdk.out). It must hold one stack.
 *
 * The format is that of @aws-cdk/cloud-assembly-schema: manifest.json → stack artifact → template, and the asset
 * manifests of all stacks.
 */
export function readAssembly(directory: string): Assembly {
  const manifest = readJson(join(directory, 'manifest.json')) as { artifacts?: Record<string, Artifact> };
  const artifacts = Object.entries(manifest.artifacts ?? {});
  const stacks = artifacts.filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack, another] = stacks;
  if (stack === undefined || another !== undefined) {
    const what = stacks.length === 0 ? 'no stack' : `${stacks.length} stacks (${stacks.map(([id]) => id).join(', ')})`;
    throw new StartError(`The app has ${what}; the local server serves an app of one.`);
  }
  const [id, { properties }] = stack;
  if (properties?.templateFile === undefined)
    throw new StartError(`${directory}/manifest.json: ${id} names no template.`);
  const assets = new Map(
    artifacts
      .filter(([, artifact]) => artifact.type === 'cdk:asset-manifest')
      .flatMap(([, artifact]) => assetsOf(directory, artifact)),
  );
  return {
    stackName: properties.stackName ?? id,
    template: readJson(join(directory, properties.templateFile)) as Template,
    assetDirectory: (objectKey) => assets.get(objectKey),
  };
}

function assetsOf(directory: string, { properties }: Artifact): [string, string][] {
  if (properties?.file === undefined) return [];
  const { files = {} } = readJson(join(directory, properties.file)) as AssetManifest;
  return Object.values(files).flatMap(({ source, destinations }) => {
    const { path } = source;
    if (path === undefined || source.packaging !== 'zip') return [];
    return Object.values(destinations).map(({ objectKey }): [string, string] => [objectKey, resolve(directory, path)]);
  });
}

function readJson(file: string): unknown {
  if (!existsSync(file)) throw new StartError(`${file} is missing: the CDK app has synthesized nothing there.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new StartError(`${file} is not JSON.`, { cause });
  }
}
