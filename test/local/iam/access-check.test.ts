import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import type { FunctionDeclaration } from '../../../local/declarations.ts';
import { createAccessCheck } from '../../../local/iam/access-check.ts';
import { createCredentialRegistry, type IssuedCredentials } from '../../../local/iam/credentials.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:later';

function declare(name: string, actions: string[]): FunctionDeclaration {
  return {
    logicalId: name,
    name,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 1_000,
    memoryMb: 128,
    environment: {},
    statements: [{ effect: 'Allow', actions, resources: [QUEUE], conditions: {} }],
  };
}

function setUp() {
  const registry = createCredentialRegistry();
  const warnings: string[] = [];
  const [deliver, later] = [declare('deliver', ['sqs:SendMessage']), declare('later', ['sqs:ReceiveMessage'])];
  const check = createAccessCheck({
    credentials: registry,
    functions: [deliver, later],
    clock: { now: () => Date.now() },
    activity: { note: () => undefined, warn: (line) => warnings.push(line), detail: () => undefined },
  });
  async function send(credentials: IssuedCredentials, action: string) {
    const body = Buffer.from('{}');
    const signer = new SignatureV4({ credentials, region: 'us-east-1', service: 'sqs', sha256: Sha256 });
    const { headers } = await signer.sign(new HttpRequest({ method: 'POST', path: '/', headers: { host: 'x' }, body }));
    return check({ method: 'POST', url: '/', headers, body, service: 'sqs', action, resource: QUEUE });
  }
  return { registry, warnings, deliver, later, send };
}

describe('the check of a call', () => {
  it('asks the role of the function that signed it', async () => {
    const { registry, deliver, later, send } = setUp();
    const credentials = registry.issueCredentials(deliver.arn);
    expect(await send(credentials, 'sqs:SendMessage')).toEqual({
      allowed: true,
      caller: { accessKeyId: credentials.accessKeyId, functionName: 'deliver' },
    });
    expect(await send(registry.issueCredentials(later.arn), 'sqs:SendMessage')).toEqual({
      allowed: false,
      failure: {
        code: 'AccessDeniedException',
        message: expect.stringContaining('assumed-role/later/later is not authorized to perform: sqs:SendMessage'),
      },
    });
  });

  it('says at the terminal what a role lacks', async () => {
    const { registry, later, send, warnings } = setUp();
    await send(registry.issueCredentials(later.arn), 'sqs:SendMessage');
    expect(warnings).toEqual([expect.stringContaining(`sqs:SendMessage on resource: ${QUEUE}`)]);
  });

  it('refuses a signature by itself', async () => {
    const { deliver, send, warnings } = setUp();
    const foreign = createCredentialRegistry().issueCredentials(deliver.arn);
    expect(await send(foreign, 'sqs:SendMessage')).toMatchObject({
      allowed: false,
      failure: { code: 'UnrecognizedClientException' },
    });
    expect(warnings).toEqual([]);
  });

  it('throws for a function that the template does not declare', async () => {
    const { registry, send } = setUp();
    await expect(send(registry.issueCredentials('arn:gone'), 'sqs:SendMessage')).rejects.toThrow('arn:gone');
  });
});
