import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import type { AssetCode } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, bundledCode } from '../../lib/function-bundle.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-bundle-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const write = (name: string, source: string) => writeFileSync(join(directory, `${name}.ts`), source);

describe('a bundle', () => {
  it('is one ES module with all that the entry imports, and its source map', async () => {
    write('greeting', "export const greeting: string = 'hello';");
    write('greet', "import { greeting } from './greeting.ts';\nexport const handler = () => greeting;");
    bundle(directory, ['greet'], join(directory, 'out'));
    const output = join(directory, 'out', 'greet');
    expect(readdirSync(output).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    const { handler } = await import(pathToFileURL(join(output, 'index.mjs')).href);
    expect(handler()).toBe('hello');
    expect(readFileSync(join(output, 'index.mjs'), 'utf8')).toContain('//# sourceMappingURL=index.mjs.map');
  });

  it('is of its own for each entry', () => {
    write('a', "export const handler = () => 'only in a';");
    write('b', "export const handler = () => 'only in b';");
    bundle(directory, ['a', 'b'], join(directory, 'each'));
    const [a, b] = ['a', 'b'].map((name) => readFileSync(join(directory, 'each', name, 'index.mjs'), 'utf8'));
    expect(a).toContain('only in a');
    expect(a).not.toContain('only in b');
    expect(b).toContain('only in b');
  });

  it('is the same, byte for byte, wherever it is written', () => {
    write('same', 'export const handler = () => 1;');
    const [one, other] = ['one', 'some/other'].map((name) => {
      bundle(directory, ['same'], join(directory, name));
      const output = join(directory, name, 'same');
      return readdirSync(output).map((file) => [file, readFileSync(join(output, file), 'utf8')]);
    });
    expect(one).toEqual(other);
  });

  it('is refused with the place where a source is broken', () => {
    write('broken', 'export const handler = () => {\n  return 1 +;\n};');
    expect(() => bundle(directory, ['broken'], join(directory, 'none'))).toThrow(/broken\.ts:2:12: ERROR/);
  });

  it('is refused where an import leads nowhere', () => {
    write('lost', "export { handler } from './nowhere.ts';");
    expect(() => bundle(directory, ['lost'], join(directory, 'none'))).toThrow('Could not resolve "./nowhere.ts"');
  });

  it('is refused where there is no entry', () => {
    expect(() => bundle(directory, ['absent'], join(directory, 'none'))).toThrow(/Could not resolve ".*absent\.ts"/);
  });
});

describe('the code of a stack', () => {
  /** Where the code of the function `coded` is taken from. */
  const codeIn = (context: Record<string, unknown>) => {
    const outdir = join(directory, `app-${Object.keys(context).length}`);
    const stack = new Stack(new App({ outdir, context }), 'Chat');
    const { path } = bundledCode(stack, directory, ['coded'])('coded') as AssetCode;
    return { path, outdir };
  };

  beforeAll(() => write('coded', "export const handler = () => 'as it was';"));

  it('is bundled into the output of the synthesis, a folder for each stack and function', () => {
    const { path, outdir } = codeIn({});
    expect(path).toBe(join(outdir, 'bundles', 'Chat', 'coded'));
    expect(readFileSync(join(path, 'index.mjs'), 'utf8')).toContain('as it was');
  });

  it('is its sources where nobody needs it', () => {
    expect(codeIn({ 'aws:cdk:bundling-stacks': [] }).path).toBe(directory);
  });
});
