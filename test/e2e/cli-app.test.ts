import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, cloneCheckout } from '../support/checkout.ts';

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
