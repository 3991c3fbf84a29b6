import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BREAKS } from './breaks.ts';

const root = resolve(import.meta.dirname, '../..');
const broken = BREAKS.find(({ name }) => name === process.env.PARLEY_BREAK);
if (!broken) throw new Error(`no such break: ${process.env.PARLEY_BREAK}`);

export default defineConfig({
  root,
  plugins: [
    {
      name: 'break',
      enforce: 'pre',
      transform(code, id) {
        let text = code;
        for (const [file, from, to] of broken.edits) {
          if (id !== resolve(root, file)) continue;
          if (!text.includes(from)) this.error(`${broken.name}: ${file} does not say: ${from}`);
          text = text.replace(from, () => to);
        }
        return { code: text, map: null };
      },
    },
  ],
  test: {
    include: ['test/lambdas/chat/**/*.test.ts'],
    fsModuleCache: false,
    bail: 1,
    reporters: ['json'],
    testTimeout: 60_000,
  },
});
