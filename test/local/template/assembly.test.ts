import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAssembly } from '../../../local/template/assembly.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-assembly-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(file: string, content: unknown): void {
  writeFileSync(join(directory, file), JSON.stringify(content));
}

const stack = (templateFile: string) => ({ type: 'aws:cloudformation:stack', properties: { templateFile } });

it('reads the template and finds the code that it names', () => {
  write('manifest.json', {
    artifacts: {
      Chat: stack('Chat.template.json'),
      'Chat.assets': { type: 'cdk:asset-manifest', properties: { file: 'Chat.assets.json' } },
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    },
  });
  write('Chat.template.json', { Resources: {} });
  write('Chat.assets.json', {
    files: {
      a1: { source: { path: 'asset.a1', packaging: 'zip' }, destinations: { here: { objectKey: 'a1.zip' } } },
      t1: {
        source: { path: 'Chat.template.json', packaging: 'file' },
        destinations: { here: { objectKey: 't1.json' } },
      },
    },
  });
  const assembly = readAssembly(directory);
  expect(assembly.stackName).toBe('Chat');
  expect(assembly.template).toEqual({ Resources: {} });
  expect(assembly.assetDirectory('a1.zip')).toBe(join(directory, 'asset.a1'));
  expect(assembly.assetDirectory('t1.json')).toBeUndefined();
});

it('refuses an app of no stack, or of several', () => {
  write('manifest.json', { artifacts: {} });
  expect(() => readAssembly(directory)).toThrow('The app has no stack');
  write('manifest.json', { artifacts: { A: stack('a'), B: stack('b') } });
  expect(() => readAssembly(directory)).toThrow('The app has 2 stacks (A, B)');
});

it('says what is missing where nothing was synthesized', () => {
  expect(() => readAssembly(directory)).toThrow(/manifest\.json is missing/);
});
