import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { listenOnLoopback } from '../../local/loopback.ts';

it('lets what is asked too early wait for the answer', async () => {
  const loopback = await listenOnLoopback(0);
  const asked = fetch(`http://127.0.0.1:${loopback.port}/early`);
  loopback.answer({ request: (request, response) => response.end(`answered ${request.url}`) });
  expect(await (await asked).text()).toBe('answered /early');
  await loopback.close();
});

it('refuses a port that is in use, with one line that says so', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(listenOnLoopback(port)).rejects.toMatchObject({
    name: 'StartError',
    message: `Port ${port} is in use: npm start -- --port N takes another.`,
  });
  await new Promise((resolve) => other.close(resolve));
});

it('frees the port when it closes, whoever is connected', async () => {
  const loopback = await listenOnLoopback(0);
  const socket = connect(loopback.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  await loopback.close();
  await ended;
  const again = await listenOnLoopback(loopback.port);
  expect(again.port).toBe(loopback.port);
  await again.close();
});

it('ends an upgrade that nobody takes', async () => {
  const loopback = await listenOnLoopback(0);
  loopback.answer({ request: (_, response) => response.end() });
  const socket = connect(loopback.port, '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await ended;
  await loopback.close();
});
