import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { rpc } from '../../../lambdas/runtime/rpc.ts';
import { setFunctionEnvironment } from '../../support/function-environment.ts';
import { listening } from '../aws/loopback.ts';

beforeEach(() => setFunctionEnvironment());
afterEach(() => vi.unstubAllEnvs());

it('nobody answers where the stack has nothing plugged in', () => {
  vi.stubEnv('RPC_FUNCTION', undefined);
  expect(rpc()).toBeUndefined();
});

it('the function that the stack names is asked once, also where Lambda fails: what it does may not be done twice', async () => {
  await using lambda = await listening((_, response) => response.writeHead(500).end('{}'));
  vi.stubEnv('RPC_FUNCTION', 'owner');
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url);
  const call = rpc()?.call({ method: 'm', data: null, user: 'alice', connection: 'c1' });
  await expect(call).rejects.toMatchObject({ name: 'Unavailable' });
  expect(lambda.requests).toEqual(['POST /2015-03-31/functions/owner/invocations']);
});
