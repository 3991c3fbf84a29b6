import { appendFileSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, cloneCheckout } from '../support/checkout.ts';
import { connectPlainClient } from '../support/plain-client.ts';

const PROJECT = join(import.meta.dirname, '../..');
const START = 'node_modules/.bin/node local/main.ts --port 0';

let checkout: Checkout;

beforeAll(() => {
  checkout = cloneCheckout();
});
afterAll(() => checkout?.remove());

/** Writes an app of the checkout's, and answers its path there. */
function app(name: string, code: string): string {
  writeFileSync(join(checkout.directory, 'bin', `${name}.ts`), code);
  return `bin/${name}.ts`;
}

describe('npm start -- --app', () => {
  it('serves an example that is open to everybody, with a key of one’s own for its server API', async () => {
    cpSync(join(PROJECT, 'examples'), join(checkout.directory, 'examples'), { recursive: true });
    const command = checkout.run(`${START} --app examples/open-chat.ts --api-key sesame`);
    const [, webSocket = '', api = '', key] = await command.said(
      /WebSocket +(ws:\S+)\n +API +(http:\S+)\n +API key +(\S+)\n[\s\S]*Ctrl-C ends it\./,
    );
    expect(key).toBe('sesame');
    const client = await connectPlainClient(webSocket, { query: { channels: 'general' } });
    await client.next({ type: 'subscribed', channel: 'general' });
    const publish = (headers: Record<string, string>) =>
      fetch(`${api}/publish`, { method: 'POST', headers, body: '{"channel":"general","data":"hello"}' });
    expect(await publish({ 'x-api-key': 'another' })).toMatchObject({ status: 401 });
    const response = await publish({ 'x-api-key': 'sesame' });
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { result: {} } });
    expect(await client.next({ type: 'message' })).toMatchObject({ data: 'hello', offset: 1 });
    await client.close();
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, err: '' });
    await command.gone();
  });

  it('ends with the app’s own error where that is broken', async () => {
    const file = app(
      'broken',
      `import { App } from 'aws-cdk-lib';
       import { ParleyStack } from '../lib/parley-stack.ts';
       new ParleyStack(new App(), 'Parley', { namespaces: { chat: { historySize: 5 } } });`,
    );
    const { code, out, err } = await checkout.run(`${START} --app ${file}`).ended;
    expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/^[\d:.]+ +synthesizing \S+broken\.ts\n$/) });
    expect(err).toMatch(/^The CDK app \S+broken\.ts failed \(exit code 1\):\n/);
    expect(err).toContain('historyTtl');
    expect(err).not.toMatch(/node_modules|node:internal/);
  });

  it('names what it does not know in a template, and ends', async () => {
    const file = app(
      'unknown',
      `import { App, CfnResource, Stack } from 'aws-cdk-lib';
       new CfnResource(new Stack(new App(), 'Parley'), 'Cluster', { type: 'AWS::ECS::Cluster' });`,
    );
    const { code, err } = await checkout.run(`${START} --app ${file}`).ended;
    expect({ code, err }).toEqual({
      code: 1,
      err: 'The template has resources that the local server does not know:\n  Resources.Cluster: AWS::ECS::Cluster\n',
    });
  });
});

describe('npm start', () => {
  it('names file and line where a function does not bundle, and ends', async () => {
    const broken = cloneCheckout();
    try {
      appendFileSync(join(broken.directory, 'lambdas/connect.ts'), 'export const wrong = ;\n');
      const { code, err } = await broken.run(START).ended;
      expect(code).toBe(1);
      expect(err).toMatch(/^The CDK app \S+parley\.ts failed/);
      expect(err).toMatch(/lambdas\/connect\.ts:\d+:\d+: ERROR: Unexpected ";"/);
    } finally {
      broken.remove();
    }
  });

  it('ends at Ctrl-C also while it synthesizes', async () => {
    const command = checkout.run(START);
    await command.said(/synthesizing/);
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, err: '' });
    await command.gone();
    expect(readdirSync(command.temporary)).toEqual([]);
  });
});
