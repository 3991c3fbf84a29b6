import { beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, setFunctionEnvironment } from '../support/function-environment.ts';

setFunctionEnvironment();
const { logger, metrics } = await import('../../lambdas/runtime/observability.ts');
const { serving } = await import('../../lambdas/serving.ts');

const published = vi.spyOn(console, 'log').mockReturnValue();
const logged = vi.spyOn(console, 'info').mockReturnValue();

beforeEach(() => {
  published.mockClear();
  logged.mockClear();
});

describe('a function', () => {
  it('is handed its event and its context, and answers what it answers', async () => {
    const context = contextOf();
    const handler = serving(async (event: number, given) => [event + 1, given === context]);
    expect(await handler(41, context)).toEqual([42, true]);
    expect(published).not.toHaveBeenCalled();
  });

  it("writes its invocation's id with each line", async () => {
    await serving(async () => logger.info('a line', { connection: 'c1' }))({}, contextOf());
    const [line] = logged.mock.calls.map(([text]) => JSON.parse(String(text)));
    expect(line).toMatchObject({ message: 'a line', connection: 'c1', function_request_id: 'lambda-request' });
  });

  it('publishes what it has counted, also where it fails, and fails as it did', async () => {
    const handler = serving(async () => {
      metrics.count('ReaderCut');
      metrics.count('ReaderCut', 2);
      throw new Error('as it did');
    });
    await expect(handler({}, contextOf())).rejects.toThrow('as it did');
    const [counts] = published.mock.calls.map(([text]) => JSON.parse(String(text)));
    expect([counts.ReaderCut].flat().reduce((a: number, b: number) => a + b)).toBe(3);
  });
});
