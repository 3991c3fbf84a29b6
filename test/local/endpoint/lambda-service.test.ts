import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetFunctionCommand,
  InvokeCommand,
  type InvokeCommandInput,
  type InvokeCommandOutput,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FunctionDeclaration, PolicyStatement } from '../../../local/declarations.ts';
import { type Endpoint, openEndpoint } from '../../../local/endpoint/endpoint.ts';
import { lambdaService } from '../../../local/endpoint/lambda-service.ts';
import { runFunctions } from '../../../local/functions/functions.ts';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';
import type { Invocation, Invoke } from '../../../local/invocation.ts';
import { systemClock } from '../../../local/system-clock.ts';
import { heard } from '../tables/table-fixture.ts';

const ECHO = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Echo';
const CALLER = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Caller';

let activity: ReturnType<typeof heard>;
let endpoint: Endpoint;
let invoke: ReturnType<typeof vi.fn<Invoke>>;
let enqueue: ReturnType<typeof vi.fn<(functionArn: string, event: unknown, source: string) => void>>;
let closing: (() => void | Promise<void>)[];

beforeEach(async () => {
  activity = heard();
  endpoint = await openEndpoint({ activity });
  invoke = vi.fn<Invoke>(async () => ({ ok: true, payload: { answer: 42 } }));
  enqueue = vi.fn();
  closing = [];
});

afterEach(async () => {
  for (const close of closing) await close();
  await endpoint.close();
});

function declared(arn: string, over: Partial<FunctionDeclaration> = {}): FunctionDeclaration {
  return {
    logicalId: arn.split('-').at(-1) ?? '',
    name: arn.split(':').at(-1) ?? '',
    arn,
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 15_000,
    memoryMb: 256,
    environment: {},
    statements: [],
    ...over,
  };
}

const invoking = (...resources: readonly string[]): PolicyStatement => ({
  effect: 'Allow',
  actions: ['lambda:InvokeFunction'],
  resources,
  conditions: {},
});

/** A client of a function whose role says this, as the CDK's `grantInvoke` writes it where nothing is said. */
function client(statement: PolicyStatement = invoking(ECHO, `${ECHO}:*`)): LambdaClient {
  const functions = [declared(ECHO), declared(CALLER, { statements: [statement] })];
  const credentials = createCredentialRegistry();
  const service = lambdaService({ functions, invoke, asynchronous: { enqueue } });
  endpoint.serve([service], { credentials, functions, clock: systemClock });
  const made = new LambdaClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: credentials.issueCredentials(CALLER),
    maxAttempts: 1,
  });
  closing.push(() => made.destroy());
  return made;
}

function call(input: Partial<InvokeCommandInput> = {}, by: LambdaClient = client()): Promise<InvokeCommandOutput> {
  return by.send(new InvokeCommand({ FunctionName: 'Parley-Echo', Payload: JSON.stringify({ n: 1 }), ...input }));
}

const payloadOf = ({ Payload }: InvokeCommandOutput): string => Payload?.transformToString() ?? '';

describe('an invocation that is waited for', () => {
  it('answers what the function returns', async () => {
    const answer = await call();
    expect(JSON.parse(payloadOf(answer))).toEqual({ answer: 42 });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(invoke.mock.calls).toEqual([[ECHO, { n: 1 }, 'lambda invoke']]);
  });

  it('answers the error where the function fails, and is no failure itself', async () => {
    const failure: Invocation = { ok: false, errorType: 'ResourceNotFoundException', errorMessage: 'no such table' };
    invoke.mockResolvedValue(failure);
    const answer = await call();
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled', ExecutedVersion: '$LATEST' });
    expect(JSON.parse(payloadOf(answer))).toEqual({
      errorType: 'ResourceNotFoundException',
      errorMessage: 'no such table',
    });
  });

  it('has an empty object for an event where there is no payload', async () => {
    await client().send(new InvokeCommand({ FunctionName: 'Parley-Echo' }));
    expect(invoke.mock.calls[0]?.[1]).toEqual({});
  });

  it.each(['Parley-Echo', ECHO, '000000000000:function:Parley-Echo', 'Parley-Echo:$LATEST'])(
    'finds %s',
    async (name) => {
      await call({ FunctionName: name });
      expect(invoke.mock.calls[0]?.[0]).toBe(ECHO);
    },
  );
});

describe('an invocation that nobody waits for', () => {
  it('is taken with 202, and goes to the queue', async () => {
    const answer = await call({ InvocationType: 'Event' });
    expect(answer.StatusCode).toBe(202);
    expect(payloadOf(answer)).toBe('');
    expect(enqueue.mock.calls).toEqual([[ECHO, { n: 1 }, 'lambda event']]);
    expect(invoke).not.toHaveBeenCalled();
  });

  it('has an event of 1 MB at the most', async () => {
    const by = client();
    const event = (bytes: number) => ({ InvocationType: 'Event', Payload: `"${'x'.repeat(bytes - 2)}"` }) as const;
    await call(event(1_048_576), by);
    await expect(call(event(1_048_577), by)).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      message: 'Request must be smaller than 1048576 bytes for the InvokeFunction operation',
    });
    await call({ ...event(1_048_577), InvocationType: 'RequestResponse' }, by);
    expect(enqueue).toHaveBeenCalledOnce();
  });
});

describe('a dry run', () => {
  it('invokes nothing, and tells whether it could', async () => {
    expect((await call({ InvocationType: 'DryRun' })).StatusCode).toBe(204);
    await expect(call({ InvocationType: 'DryRun' }, client(invoking(CALLER)))).rejects.toThrow('is not authorized');
    expect(invoke).not.toHaveBeenCalled();
  });
});

describe('the role of the caller', () => {
  const denial = (resource: string) =>
    'User: arn:aws:sts::000000000000:assumed-role/Parley-Caller/Parley-Caller is not authorized to perform: ' +
    `lambda:InvokeFunction on resource: ${resource} because no identity-based policy allows the lambda:InvokeFunction action`;

  it('must allow it on the function, and a denial is told', async () => {
    await expect(call({}, client(invoking(CALLER)))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: denial(ECHO),
      $metadata: { httpStatusCode: 403 },
    });
    expect(activity.warnings).toEqual([`AccessDeniedException: ${denial(ECHO)}`]);
    expect(invoke).not.toHaveBeenCalled();
  });

  it('must allow it on the version where one is named', async () => {
    const by = client(invoking(ECHO));
    await call({}, by);
    const qualified = call({ Qualifier: '$LATEST' }, by);
    await expect(qualified).rejects.toMatchObject({ message: denial(`${ECHO}:$LATEST`) });
    await call({ Qualifier: '$LATEST' }, client(invoking(`${ECHO}:*`)));
  });

  it('is looked at before anything else, also where there is no such function', async () => {
    await expect(call({ FunctionName: 'Nobody' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('is of no use to who has no credentials', async () => {
    client();
    const stranger = new LambdaClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'ASIAUNKNOWN', secretAccessKey: 'x', sessionToken: 'x' },
      maxAttempts: 1,
    });
    closing.push(() => stranger.destroy());
    await expect(call({}, stranger)).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
      $metadata: { httpStatusCode: 403 },
    });
  });
});

describe('what cannot be invoked', () => {
  it('is a function that is not there', async () => {
    const arn = ECHO.replace('Echo', 'Nobody');
    await expect(call({ FunctionName: 'Parley-Nobody' }, client(invoking('*')))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${arn}`,
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('is a version or an alias, for there are none', async () => {
    const message = `Function not found: ${ECHO}:live`;
    await expect(call({ Qualifier: 'live' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message });
    await expect(call({ FunctionName: 'Parley-Echo:live' })).rejects.toMatchObject({ message });
  });

  it('is a function with two qualifiers', async () => {
    const both = call({ FunctionName: 'Parley-Echo:$LATEST', Qualifier: 'live' }, client(invoking('*')));
    await expect(both).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The derived qualifier from the function name does not match the specified qualifier.',
    });
  });

  it('is what has no name', async () => {
    await expect(call({ FunctionName: 'a/b' })).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('is an event that is no JSON, or more than 6 MB', async () => {
    await expect(call({ Payload: 'hello' })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
      message: expect.stringMatching(/^Could not parse request body into json: /),
      $metadata: { httpStatusCode: 400 },
    });
    await expect(call({ Payload: `"${'x'.repeat(6_291_455)}"` })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it('is what Lambda does not know', async () => {
    const unknown = call({ InvocationType: 'Later' as 'Event' });
    await expect(unknown).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    expect(invoke).not.toHaveBeenCalled();
  });

  it.each([{ LogType: 'Tail' }, { ClientContext: 'e30=' }, { TenantId: 'a' }] satisfies Partial<InvokeCommandInput>[])(
    'is what is not served here: %j',
    async (input) => {
      await expect(call(input)).rejects.toThrow(/^The local server does not serve x-amz-/);
      expect(invoke).not.toHaveBeenCalled();
    },
  );
});

describe('another operation of Lambda', () => {
  it('is named', async () => {
    await expect(client().send(new GetFunctionCommand({ FunctionName: 'Parley-Echo' }))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: 'GET /2015-03-31/functions/Parley-Echo is not served by the local Lambda: it serves Invoke.',
    });
  });
});

describe('a function that calls another by the SDK', () => {
  it('needs no more than its environment', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'parley-lambda-'));
    const code = (name: string, text: string) => {
      const codeDirectory = join(directory, name);
      mkdirSync(codeDirectory);
      writeFileSync(join(codeDirectory, 'index.mjs'), text);
      return codeDirectory;
    };
    const caller = `
      import { InvokeCommand, LambdaClient } from '${import.meta.resolve('@aws-sdk/client-lambda')}';
      const lambda = new LambdaClient({});
      export const handler = async ({ n }) => {
        const { Payload, FunctionError } = await lambda.send(new InvokeCommand({
          FunctionName: '${ECHO}', Payload: JSON.stringify({ n }),
        }));
        return { FunctionError, payload: JSON.parse(Payload.transformToString()) };
      };`;
    const echo = `export const handler = async ({ n }) => {
      if (n > 1) throw new TypeError('too many');
      return { got: n };
    };`;
    const functions = [
      declared(ECHO, { codeDirectory: code('echo', echo) }),
      declared(CALLER, { codeDirectory: code('caller', caller), statements: [invoking(ECHO)] }),
    ];
    const credentials = createCredentialRegistry();
    const running = runFunctions(functions, {
      activity,
      clock: systemClock,
      environmentOf({ arn }) {
        const { accessKeyId, secretAccessKey, sessionToken } = credentials.issueCredentials(arn);
        return {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_SESSION_TOKEN: sessionToken,
          AWS_ENDPOINT_URL: endpoint.url,
        };
      },
    });
    closing.push(async () => {
      await running.close();
      rmSync(directory, { recursive: true });
    });
    const service = lambdaService({ functions, invoke: running.invoke, asynchronous: { enqueue } });
    endpoint.serve([service], { credentials, functions, clock: systemClock });
    expect(await running.invoke(CALLER, { n: 1 }, 'test')).toEqual({ ok: true, payload: { payload: { got: 1 } } });
    expect(await running.invoke(CALLER, { n: 2 }, 'test')).toEqual({
      ok: true,
      payload: { FunctionError: 'Unhandled', payload: { errorType: 'TypeError', errorMessage: 'too many' } },
    });
  });
});
