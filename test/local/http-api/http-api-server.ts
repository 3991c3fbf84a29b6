import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { FunctionDeclaration, HttpRouteDeclaration, PolicyStatement } from '../../../local/declarations.ts';
import { createHttpApi, type HttpApiOptions } from '../../../local/http-api/http-api.ts';
import { createAccessCheck } from '../../../local/iam/access-check.ts';
import { createCredentialRegistry, type IssuedCredentials } from '../../../local/iam/credentials.ts';
import type { Activity, Invocation } from '../../../local/invocation.ts';
import { systemClock } from '../../../local/system-clock.ts';

/** What is asserted of events. */
interface HttpApiEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
  readonly queryStringParameters?: Record<string, string>;
  readonly pathParameters?: Record<string, string>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: Readonly<Record<string, unknown>>;
}

export interface HttpApiSetup {
  /** By route key; what one throws is a function error. */
  readonly routes: Readonly<Record<string, (event: HttpApiEvent) => unknown>>;
  /** Of those, the ones that need a signature. */
  readonly signed?: readonly string[];
  readonly stageName?: string;
  readonly statements?: readonly PolicyStatement[];
  readonly options?: Partial<HttpApiOptions>;
}

/** A request; headers are names and values in turn. */
export interface HttpApiCall {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

export interface HttpApiReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP API on a loopback port, and its functions. A request that it does not take is answered with 418. */
export async function startHttpApi({ routes, signed = [], stageName = '$default', ...setup }: HttpApiSetup) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const activity: Activity = {
    note: (line) => lines.push(line),
    warn: (line) => warnings.push(line),
    detail: (line) => lines.push(line),
  };
  const events: HttpApiEvent[] = [];
  async function invoke(key: string, event: unknown): Promise<Invocation> {
    // a function gets JSON, whatever the API put in
    const told = JSON.parse(JSON.stringify(event)) as HttpApiEvent;
    events.push(told);
    try {
      return { ok: true, payload: (await routes[key]?.(told)) ?? null };
    } catch (error) {
      const { name, message } = error as Error;
      return { ok: false, errorType: name, errorMessage: message };
    }
  }
  const credentials = createCredentialRegistry();
  const caller: FunctionDeclaration = {
    logicalId: 'Caller',
    name: 'caller',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:caller',
    codeDirectory: '/',
    handler: 'index.handler',
    timeoutMs: 1_000,
    memoryMb: 128,
    environment: {},
    statements: setup.statements ?? [],
  };
  const api = createHttpApi(
    {
      logicalId: 'Api',
      apiId: 'a1b2c3',
      stageName,
      routes: Object.keys(routes).map((key): HttpRouteDeclaration => {
        const [method = '', path] = key.split(' ');
        return {
          key,
          ...(path !== undefined && { target: { method, path } }),
          functionArn: key,
          authorization: signed.includes(key) ? 'AWS_IAM' : 'NONE',
          integrationTimeoutMs: 30_000,
        };
      }),
    },
    {
      invoke,
      activity,
      clock: systemClock,
      checkAccess: createAccessCheck({ credentials, functions: [caller], clock: systemClock, activity }),
      ...setup.options,
    },
  );
  const server = createServer((request, response) => {
    if (!api.handle(request, response)) response.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    port,
    events,
    lines,
    warnings,
    server,
    credentials: credentials.issueCredentials(caller.arn),
    call: (path: string, call: HttpApiCall = {}) => callHttp(port, path, call),
    async close() {
      api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type HttpApiServer = Awaited<ReturnType<typeof startHttpApi>>;

/** Sends a request with exactly these headers, `Host` and a body's length besides. */
export function callHttp(
  port: number,
  path: string,
  { method = 'GET', headers = [], body }: HttpApiCall = {},
): Promise<HttpApiReply> {
  return new Promise((resolve, reject) => {
    const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: [...headers, ...(names.includes('host') ? [] : ['Host', `localhost:${port}`]), ...length],
    });
    request.on('error', reject);
    request.on('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
      });
    });
    request.end(body);
  });
}

/** The headers of a signed request to `localhost`, as names and values in turn. */
export async function signedHeaders(
  port: number,
  { path, body, credentials }: { path: string; body: string; credentials: IssuedCredentials },
): Promise<string[]> {
  const signer = new SignatureV4({ credentials, region: 'us-east-1', service: 'execute-api', sha256: Sha256 });
  const headers = { host: `localhost:${port}`, 'content-type': 'application/json' };
  const request = new HttpRequest({
    method: 'POST',
    protocol: 'http:',
    hostname: 'localhost',
    port,
    path,
    headers,
    body,
  });
  return Object.entries((await signer.sign(request)).headers).flat();
}
