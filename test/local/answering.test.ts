import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { answering, type Served } from '../../local/answering.ts';
import { callHttp } from './http-api/http-api-server.ts';

const NOTHING: Served = { webSockets: [], httpApis: [], page: '<p>page</p>' };

let close = async () => {};
afterEach(() => close());

async function serve(served: Partial<Served>): Promise<number> {
  const server = createServer(answering({ ...NOTHING, ...served }).request);
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers below a path with a name. */
function takes(path: string, name: string) {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith(path)) return false;
    response.end(name);
    return true;
  };
}

function webSocket(path: string, upgraded: string[] = []) {
  return {
    path,
    gateway: {
      handleManagement: takes(`${path}/@connections`, `connections of ${path}`),
      handleUpgrade: () => {
        upgraded.push(path);
      },
      close: async () => {},
    },
  };
}

it('has the page at /, @connections below the stage, and HTTP APIs for the rest', async () => {
  const port = await serve({
    webSockets: [webSocket('/live')],
    httpApis: [{ handle: takes('/api', 'first') }, { handle: takes('/', 'second') }],
  });
  const bodyOf = async (path: string, method = 'GET') => (await callHttp(port, path, { method })).body;
  expect(await bodyOf('/?x')).toBe('<p>page</p>');
  expect(await bodyOf('/', 'HEAD')).toBe('');
  expect(await bodyOf('/', 'POST')).toBe('second');
  expect(await bodyOf('/live/@connections/x', 'POST')).toBe('connections of /live');
  expect(await bodyOf('/api/publish', 'POST')).toBe('first');
  expect(await bodyOf('/live')).toBe('second');
});

it('answers as an HTTP API does where none has a route', async () => {
  const port = await serve({ httpApis: [{ handle: takes('/api', 'first') }] });
  expect(await callHttp(port, '/other')).toMatchObject({
    status: 404,
    headers: { 'content-type': 'application/json', 'apigw-requestid': expect.stringMatching(/^[\w-]{15}=$/) },
    body: '{"message":"Not Found"}',
  });
});

it('says so in plain text where there is no HTTP API', async () => {
  const port = await serve({});
  expect(await callHttp(port, '/other')).toMatchObject({ status: 404, body: 'Not found\n' });
});

/** Asks for an upgrade, and tells whether the socket was destroyed. */
function upgrade(served: Partial<Served>, url: string): boolean {
  const socket = new PassThrough();
  answering({ ...NOTHING, ...served }).upgrade?.({ url } as IncomingMessage, socket, Buffer.alloc(0));
  return socket.destroyed;
}

it('gives an upgrade to the WebSocket at its path, or else to the first', () => {
  const upgraded: string[] = [];
  const webSockets = [webSocket('/live', upgraded), webSocket('/other', upgraded)];
  expect(upgrade({ webSockets }, '/other?token=x')).toBe(false);
  expect(upgrade({ webSockets, httpApis: [{ handle: takes('/', 'second') }] }, '/api')).toBe(false);
  expect(upgraded).toEqual(['/other', '/live']);
});

it('ends an upgrade where there is no WebSocket', () => {
  expect(upgrade({}, '/live')).toBe(true);
});
