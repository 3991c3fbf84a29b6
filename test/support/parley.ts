import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { type Keys, openKeys } from '../../local/identity/keys.ts';
import { accessToken, stackToken } from '../../local/identity/tokens.ts';
import type { Activity } from '../../local/invocation.ts';
import { type Parley, type ServeOptions, startParley } from '../../local/serve.ts';
import type { Template } from '../../local/template/template.ts';
import { connectPlainClient, type HandshakeOptions, type PlainClient } from './plain-client.ts';

/** How long is waited for a line. Generous: it is only spent where a test fails. */
const LINE_PATIENCE_MS = 30_000;

/** What a test sets; the rest is set so that nothing is shared with another. */
export interface TestParleyOptions
  extends Partial<Omit<ServeOptions, 'activity' | 'port' | 'keysDirectory' | 'outDirectory'>> {
  /**
   * Modules that wrap functions, by logical id (`Connect`): each exports `wrap`, which is given the function's own
   * handler and answers the one that is called in its place, in the function's process.
   */
  readonly wrappers?: Readonly<Record<string, URL>>;
}

interface TokenOptions {
  /** Seconds; of none or less: one that has expired. @default an hour */
  readonly ttl?: number;
  /** `caps` and the like: then the stack's own key signs it, else the local issuer. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

interface ClientOptions extends TokenOptions, HandshakeOptions {
  /** Of the handshake's `channels`. */
  readonly channels?: readonly string[];
}

/** A stack that is served for tests, on a port, with keys and an assembly of its own. */
export interface TestParley {
  readonly served: Parley;
  readonly keys: Keys;
  /** Of the WebSocket, without a query. */
  readonly address: string;
  /** All lines that `npm start -- --verbose` would print. */
  readonly lines: readonly string[];
  token(user: string, options?: TokenOptions): Promise<string>;
  /** Connects with a token of this user in the query; `closeClients` ends it. Throws `RefusedHandshake`. */
  connect(user: string, options?: ClientOptions): Promise<PlainClient>;
  /** Connects with nothing but what is said. */
  handshake(options?: HandshakeOptions): Promise<PlainClient>;
  /**
   * Resolves when a line has come that matches, or at once where it was there, among those from the given one on (as
   * `lines.length` said then). Throws where none comes in time.
   */
  line(pattern: RegExp, from?: number): Promise<string>;
  closeClients(): Promise<void>;
  /** Ends clients and stack, and removes what was written. */
  close(): Promise<void>;
}

/** Starts a stack; for what the tests of a file share, {@link useParley} is shorter. */
export async function startTestParley(options: TestParleyOptions = {}): Promise<TestParley> {
  const opened = new AsyncDisposableStack();
  try {
    return await start(options, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/**
 * A stack for all tests of the file or `describe` that calls this: starts before the first and ends after the last.
 * Clients are ended after each test. Where a test fails, what the server has said meanwhile is printed.
 */
export function useParley(options: TestParleyOptions = {}): TestParley {
  let started: TestParley | undefined;
  const running = () => {
    if (started === undefined) throw new Error('the stack runs within tests and their hooks alone');
    return started;
  };
  beforeAll(async () => {
    started = await startTestParley(options);
  });
  beforeEach(({ onTestFailed }) => {
    const before = running().lines.length;
    onTestFailed(() => console.error(running().lines.slice(before).slice(-200).join('\n')));
  });
  afterEach(() => running().closeClients());
  afterAll(() => started?.close());
  return new Proxy({} as TestParley, { get: (_, name) => Reflect.get(running(), name) });
}

/** A template in which one resource has other properties; throws where it has none of that name. */
export function withProperties(
  template: Template,
  logicalId: string,
  change: (properties: Record<string, unknown>) => Record<string, unknown>,
): Template {
  const resource = template.Resources?.[logicalId];
  if (resource === undefined) throw new Error(`the template has no ${logicalId}`);
  const changed = { ...resource, Properties: change(structuredClone(resource.Properties ?? {})) };
  return { ...template, Resources: { ...template.Resources, [logicalId]: changed } };
}

async function start(options: TestParleyOptions, opened: AsyncDisposableStack): Promise<TestParley> {
  const directory = opened.adopt(await mkdtemp(join(tmpdir(), 'parley-test-')), (path) =>
    rm(path, { recursive: true }),
  );
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const add = (line: string) => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  };
  const activity: Activity = { note: add, warn: add, detail: add };
  const outDirectory = join(directory, 'cdk.out');
  const keysDirectory = join(directory, 'keys');
  await copyAssembly(outDirectory);
  const served = await startParley({
    // each takes a while to start: on two cores more of them save no time
    maximumProcesses: 2,
    ...options,
    port: 0,
    activity,
    keysDirectory,
    outDirectory,
    changeTemplate(template) {
      const changed = options.changeTemplate?.(template) ?? template;
      return Object.entries(options.wrappers ?? {}).reduce(
        (wrapped, [logicalId, wrapper]) => withWrapper(wrapped, logicalId, wrapper, outDirectory),
        changed,
      );
    },
  });
  opened.adopt(served, () => served.close());

  const keys = await openKeys(keysDirectory);
  const { stageName } = served.stack.webSocketApis[0] ?? {};
  const address = `ws://127.0.0.1:${served.port}/${stageName}`;
  const clients = new Set<PlainClient>();
  const closeClients = async () => {
    for (const { socket } of clients) socket.terminate();
    await Promise.all([...clients].map(({ closed }) => closed));
    clients.clear();
  };
  opened.defer(closeClients);

  async function token(user: string, { ttl = 3600, claims }: TokenOptions = {}): Promise<string> {
    const request = { user, ttl, now: Date.now(), id: randomUUID() };
    return claims === undefined ? accessToken(keys, request) : stackToken(keys.signingKey, request, claims);
  }

  async function handshake(asked: HandshakeOptions = {}): Promise<PlainClient> {
    const client = await connectPlainClient(address, asked);
    clients.add(client);
    return client;
  }

  return {
    served,
    keys,
    address,
    lines,
    token,
    handshake,
    async connect(user, { channels, query, headers, ...tokenOptions } = {}) {
      const all = {
        token: await token(user, tokenOptions),
        ...(channels !== undefined && { channels: channels.map(encodeURIComponent).join(',') }),
        ...query,
      };
      return handshake({ query: all, ...(headers && { headers }) });
    },
    async line(pattern, from = 0) {
      const found = lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const patience = setTimeout(() => reject(new Error(`no line came that matches ${pattern}`)), LINE_PATIENCE_MS);
      const listener = (line: string) => {
        if (pattern.test(line)) resolve(line);
      };
      listeners.add(listener);
      try {
        return await promise;
      } finally {
        listeners.delete(listener);
        clearTimeout(patience);
      }
    },
    closeClients,
    close: () => opened.disposeAsync(),
  };
}

/** Puts a handler that calls the wrapper beside the function's own. */
function withWrapper(template: Template, logicalId: string, wrapper: URL, outDirectory: string): Template {
  return withProperties(template, logicalId, (properties) => {
    const { S3Key } = properties.Code as { readonly S3Key: string };
    const file = join(outDirectory, `asset.${S3Key.replace('.zip', '')}`, 'wrapped.mjs');
    const handler = `import { handler as own } from './index.mjs';\nimport { wrap } from '${wrapper}';\nexport const handler = wrap(own);\n`;
    writeFileSync(file, handler);
    return { ...properties, Handler: 'wrapped.handler' };
  });
}

/** So that an app which has not changed is not run again. */
async function copyAssembly(outDirectory: string): Promise<void> {
  const { directory, variables } = inject('cloudAssembly');
  // a worker of vitest has more in its environment than the process that has made the assembly: it would be another's
  for (const name of Object.keys(process.env)) {
    if (!variables.includes(name) && !name.startsWith('VITEST')) delete process.env[name];
  }
  await cp(directory, outDirectory, { recursive: true });
}
