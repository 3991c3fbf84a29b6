import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as after, setImmediate as turn } from 'node:timers/promises';
import {
  type ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionPosts } from '../../../lambdas/aws/connection-posts.ts';
import { type ManagementClientOptions, managementClient } from '../../../lambdas/aws/management-client.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { type Loopback, listening } from './loopback.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const clients: ApiGatewayManagementApiClient[] = [];

function clientOf(endpoint: string, options: ManagementClientOptions = {}) {
  const client = managementClient(endpoint, { region: 'us-east-1', credentials, ...options });
  clients.push(client);
  return client;
}

const postsTo = (url: string, options?: ManagementClientOptions) => connectionPosts(clientOf(`${url}/live`, options));

/** Answers every request so, as API Gateway words it. */
const answering = (status: number, type?: string): Promise<Loopback> =>
  listening((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...(type && { 'x-amzn-errortype': type }) });
    response.end(status === 200 || status === 204 ? undefined : '{"message":"as it is"}');
  });

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

describe('a post', () => {
  it('is sent once to the connection, as it is', async () => {
    const bodies: string[] = [];
    await using server = await listening(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.end();
    });
    expect(await postsTo(server.url).post('a=b/c', '{"type":"pong"}\n{"x":"é"}')).toBe('delivered');
    expect(server.requests).toEqual(['POST /live/@connections/a%3Db%2Fc']);
    expect(bodies).toEqual(['{"type":"pong"}\n{"x":"é"}']);
  });

  it.each<[number, string | undefined, string]>([
    [410, 'GoneException', 'gone'],
    [410, undefined, 'gone'],
    [429, 'LimitExceededException', 'busy'],
    [429, undefined, 'busy'],
    [400, 'ThrottlingException', 'busy'],
    [500, 'InternalServerErrorException', 'busy'],
    [502, undefined, 'busy'],
    [504, undefined, 'busy'],
    [507, undefined, 'busy'],
    [413, 'PayloadTooLargeException', 'refused'],
    [400, 'BadRequestException', 'refused'],
    [404, undefined, 'refused'],
  ])('that is answered %i %s is told as %s, after one attempt', async (status, type, answer) => {
    await using server = await answering(status, type);
    expect(await postsTo(server.url).post('c1', 'frame')).toBe(answer);
    expect(server.requests).toHaveLength(1);
  });

  it.each<[number, string | undefined]>([
    [403, 'ForbiddenException'],
    [403, 'AccessDeniedException'],
    [403, 'ExpiredTokenException'],
    [403, undefined],
    [401, undefined],
    [400, 'IncompleteSignatureException'],
  ])('that is not let through, %i %s, is unavailable', async (status, type) => {
    await using server = await answering(status, type);
    await expect(postsTo(server.url).post('c1', 'frame')).rejects.toThrow(Unavailable);
  });

  it('without credentials is unavailable', async () => {
    await using server = await answering(200);
    const none = () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }));
    await expect(postsTo(server.url, { credentials: none }).post('c1', 'frame')).rejects.toThrow(Unavailable);
    expect(server.requests).toEqual([]);
  });

  it('that is never answered is unanswered after 2 seconds, and not repeated', async () => {
    await using server = await listening(() => {});
    expect(await postsTo(server.url).post('c1', 'frame')).toBe('unanswered');
    expect(server.requests).toHaveLength(1);
  });

  it('whose connection is reset after it was sent is unanswered', async () => {
    await using server = await listening((request) => request.socket.resetAndDestroy());
    expect(await postsTo(server.url).post('c1', 'frame')).toBe('unanswered');
    expect(server.requests).toHaveLength(1);
  });

  it('whose connection is closed after it was sent is unanswered', async () => {
    await using server = await listening((request) => request.socket.end());
    expect(await postsTo(server.url).post('c1', 'frame')).toBe('unanswered');
  });

  it('to a port where nobody listens is busy: it was never sent', async () => {
    const server = await answering(200);
    await server[Symbol.asyncDispose]();
    expect(await postsTo(server.url).post('c1', 'frame')).toBe('busy');
    expect(await postsTo(server.url.replace('127.0.0.1', 'localhost')).post('c1', 'frame')).toBe('busy');
  });

  it('to a name none of whose addresses can be connected to is busy: it was never sent', async () => {
    const client = clientOf('http://127.0.0.1:1/live');
    const each = Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' });
    const mock = mockClient(client);
    for (const error of [Object.assign(new AggregateError([each, each]), { code: 'ETIMEDOUT' }), each]) {
      mock.on(PostToConnectionCommand).rejects(error);
      expect(await connectionPosts(client).post('c1', 'frame')).toBe('busy');
    }
  });

  it('to a name that does not exist is busy: it was never sent', async () => {
    expect(await postsTo('http://parley.invalid:80').post('c1', 'frame')).toBe('busy');
  });

  it('to a host that accepts no connection is busy: it was never sent', async () => {
    await using host = await unaccepting();
    expect(await postsTo(host.url).post('c1', 'frame')).toBe('busy');
  }, 20_000);

  it('that fails by a bug is neither', async () => {
    const client = clientOf('http://127.0.0.1:1/live');
    const mock = mockClient(client);
    for (const bug of [new TypeError('x is undefined'), 'no error at all']) {
      mock.on(PostToConnectionCommand).rejects(bug as Error);
      await expect(connectionPosts(client).post('c1', 'frame')).rejects.not.toThrow(Unavailable);
    }
  });
});

describe('ending a connection', () => {
  it('deletes it', async () => {
    await using server = await answering(204);
    expect(await postsTo(server.url).end('c1')).toBe('ended');
    expect(server.requests).toEqual(['DELETE /live/@connections/c1']);
  });

  it.each<[number, string | undefined, 'gone' | 'busy']>([
    [410, 'GoneException', 'gone'],
    [400, 'BadRequestException', 'gone'],
    [429, 'LimitExceededException', 'busy'],
    [500, undefined, 'busy'],
    [503, undefined, 'busy'],
  ])('that is answered %i %s is told as: %s', async (status, type, answer) => {
    await using server = await answering(status, type);
    expect(await postsTo(server.url).end('c1')).toBe(answer);
    expect(server.requests).toHaveLength(1);
  });

  it('is not certain where there is no answer', async () => {
    await using silent = await listening(() => {});
    expect(await postsTo(silent.url, { answerMs: 50 }).end('c1')).toBe('busy');
    await silent[Symbol.asyncDispose]();
    expect(await postsTo(silent.url).end('c1')).toBe('busy');
  });

  it('is unavailable where it is not let through, and a mistake of ours where nothing is there', async () => {
    await using forbidden = await answering(403, 'ForbiddenException');
    await expect(postsTo(forbidden.url).end('c1')).rejects.toThrow(Unavailable);
    await using nothing = await answering(404);
    await expect(postsTo(nothing.url).end('c1')).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });

  it('knows a connection that is gone by the SDK as well', async () => {
    const client = clientOf('http://127.0.0.1:1/live');
    const gone = new GoneException({ message: '', $metadata: { httpStatusCode: 410 } });
    mockClient(client).on(DeleteConnectionCommand).rejects(gone);
    expect(await connectionPosts(client).end('c1')).toBe('gone');
  });
});

describe('the sockets of the client', () => {
  it('are kept, and used again', async () => {
    await using server = await answering(200);
    const posts = postsTo(server.url);
    for (let i = 0; i < 3; i++) expect(await posts.post('c1', 'frame')).toBe('delivered');
    expect(server.sockets).toHaveLength(1);
  });

  it('are as many as there are posts under way', async () => {
    const waiting: (() => void)[] = [];
    await using server = await listening((_, response) => {
      waiting.push(() => response.end());
      if (waiting.length === 200) for (const end of waiting) end();
    });
    const posts = postsTo(server.url, { answerMs: 60_000 });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => posts.post(`c${i}`, 'frame')));
    expect(new Set(answers)).toEqual(new Set(['delivered']));
  });

  it('are not used again when they have been idle for long: the other end may have closed them unseen', async () => {
    let now = 1_000_000;
    await using server = await answering(200);
    const posts = postsTo(server.url, { now: () => now });
    await posts.post('c1', 'frame');
    now += 4_000;
    await posts.post('c1', 'frame');
    expect(server.sockets).toHaveLength(1);
    now += 6_000;
    expect(await posts.post('c1', 'frame')).toBe('delivered');
    expect(server.sockets).toHaveLength(2);
  });
});

/**
 * A host whose queue of connections is full: who connects to it gets no answer, as behind a firewall.
 * (A process that listens, is stopped, and is connected to until one attempt stays open.)
 */
async function unaccepting(): Promise<{ readonly url: string } & AsyncDisposable> {
  const program = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    console.log(this.address().port);
  });`;
  const child: ChildProcess = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
  const port = Number(String(line));
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let stuck = false; !stuck && sockets.length < 64; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await Promise.race([once(socket, 'connect'), after(300)]);
    // a connection that was made meanwhile is told by now
    await turn();
    await turn();
    stuck = socket.connecting;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
