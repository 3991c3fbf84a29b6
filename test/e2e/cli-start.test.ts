import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, cloneCheckout } from '../support/checkout.ts';
import type { Command, Ended } from '../support/command.ts';
import { connectPlainClient, type PlainClient } from '../support/plain-client.ts';

const READY = /Page +(http:\S+)\n +WebSocket +(ws:\S+)\n[\s\S]*Ctrl-C ends it\.\n/;
/** `npm start` without npm, which has an exit code of its own where a signal ends it. */
const START = 'node_modules/.bin/node local/main.ts --port 0';
/** Within 2 s a server ends after Ctrl-C; the rest is for npm, and for a machine that has more to do. */
const END_MS = 4_000;

let checkout: Checkout;
/** Carol's, printed before any server has run. */
let token: string;
let server: Command;

interface Served {
  readonly page: string;
  readonly webSocket: string;
  /** All that is printed for who wants to use it. */
  readonly text: string;
}

async function ready(command: Command): Promise<Served> {
  const [text, page = '', webSocket = ''] = await command.said(READY);
  return { page, webSocket, text };
}

async function joined(webSocket: string): Promise<PlainClient> {
  return connectPlainClient(webSocket, { query: { token, channels: 'general' } });
}

/** Ends a server by Ctrl-C; throws where that takes long, or where anything is left of it. */
async function interrupted(command: Command, { page }: Served): Promise<Ended> {
  const startedAt = Date.now();
  command.signal('SIGINT');
  const ended = await command.ended;
  expect(Date.now() - startedAt, 'ms until it has ended').toBeLessThan(END_MS);
  await command.gone();
  // (what npm itself leaves there is not ours)
  expect(readdirSync(command.temporary).filter((name) => name !== 'node-compile-cache')).toEqual([]);
  const asked = new Promise((resolve, reject) => {
    connect(Number(new URL(page).port), '127.0.0.1')
      .on('error', resolve)
      .on('connect', reject);
  });
  expect(await asked).toMatchObject({ code: 'ECONNREFUSED' });
  return ended;
}

beforeAll(async () => {
  checkout = cloneCheckout();
  token = (await checkout.run('npm run -s token -- carol').ended).out.trim();
  server = checkout.run('npm start -- --port 0');
  await ready(server);
});
afterAll(() => checkout?.remove());

describe('npm start', () => {
  it('answers at the page that it prints, with the two chats that it prints', async () => {
    const { page, text } = await ready(server);
    const response = await fetch(page);
    expect(response.status).toBe(200);
    const shown = (await response.text()).replaceAll('&quot;', '"').replaceAll('&amp;', '&');
    const chats = text.split('\n').filter((line) => line.includes('npx wscat'));
    expect(chats).toHaveLength(2);
    for (const chat of chats) expect(shown).toContain(chat.trim());
  });

  it('prints two lines that chat, pasted as they are', async () => {
    const { text } = await ready(server);
    const pasted = text.split('\n').filter((line) => line.includes('npx wscat'));
    const [alice, bob] = pasted.map((line) => checkout.run(line)) as [Command, Command];
    await Promise.all([alice, bob].map((chat) => chat.said(/"type":"subscribed"/)));
    alice.type(/^ +(\{.*\})$/m.exec(text)?.[1] ?? '');
    for (const chat of [alice, bob]) {
      const [message] = await chat.said(/\{"type":"message".*\}/);
      expect(JSON.parse(message)).toMatchObject({ channel: 'general', user: 'alice', data: 'hello' });
      chat.signal('SIGINT');
      await chat.ended;
    }
  });

  it('lets in who has a token from before it was started', async () => {
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const carol = await joined((await ready(server)).webSocket);
    await carol.next({ type: 'subscribed' });
    carol.send({ action: 'sendMessage', channel: 'general', data: 'me first' });
    expect(await carol.next({ type: 'message', data: 'me first' })).toMatchObject({ user: 'carol' });
    await carol.close();
  });

  it('ends with one message where its port is in use', async () => {
    const { port } = new URL((await ready(server)).page);
    const { code, out, err } = await checkout.run(`${START} --port ${port}`).ended;
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err: `Port ${port} is in use: npm start -- --port N takes another.\n`,
    });
  });

  it('ends with one message for an option that it does not know', async () => {
    const { code, out, err } = await checkout.run(`${START} --prot 3001`).ended;
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err: "Unknown option '--prot'. (npm start -- --help shows the options.)\n",
    });
  });
});

// these mostly wait
describe.concurrent('a server', () => {
  it('ends at Ctrl-C, and leaves nothing behind', async () => {
    const command = checkout.run('npm start -- --port 0');
    const served = await ready(command);
    const client = await joined(served.webSocket);
    await client.next({ type: 'subscribed' });
    await interrupted(command, served);
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  it('ends who is silent for too long, and who is there for too long, as its options say', async () => {
    const command = checkout.run(`${START} --idle-timeout 1 --max-duration 4`);
    const served = await ready(command);
    const startedAt = Date.now();
    const [silent, busy] = await Promise.all([joined(served.webSocket), joined(served.webSocket)]);
    const keptBusy = setInterval(() => busy.send({ action: 'ping' }), 200);
    try {
      expect(await silent.closed).toMatchObject({ code: 1001 });
      expect(busy.socket.readyState).toBe(busy.socket.OPEN);
      expect(await busy.closed).toMatchObject({ code: 1001 });
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(4_000);
    } finally {
      clearInterval(keptBusy);
    }
    expect(await interrupted(command, served)).toMatchObject({ code: 0 });
  });

  it('keeps with --data what it has acknowledged, also where it is killed', async () => {
    const killed = checkout.run(`${START} --data ../kept`);
    const before = await joined((await ready(killed)).webSocket);
    const { epoch } = await before.next({ type: 'subscribed' });
    for (let frame = 0; frame < 5; frame++) {
      const ids = Array.from({ length: 40 }, (_, i) => `m${frame}-${i}`);
      before.send(...ids.map((id) => ({ action: 'sendMessage', channel: 'general', data: 'x', id })));
      await Promise.all(ids.map((id) => before.next({ type: 'ack', id })));
    }
    killed.signal('SIGKILL');
    await killed.ended;

    const restarted = checkout.run(`${START} --data ../kept`);
    const served = await ready(restarted);
    const after = await joined(served.webSocket);
    expect(await after.next({ type: 'subscribed' })).toMatchObject({ epoch, offset: 200 });
    after.send({ action: 'sendMessage', channel: 'general', data: 'and on' });
    expect(await after.next({ type: 'message' })).toMatchObject({ epoch, offset: 201, data: 'and on' });
    expect(await interrupted(restarted, served)).toMatchObject({ code: 0 });
  });
});

describe('a stack that was changed', () => {
  it('is served where npm start is started again', async () => {
    const app = join(checkout.directory, 'bin/parley.ts');
    const changed = readFileSync(app, 'utf8').replace(/namespaces: \{/, '$& chat: { allowSubscribeForClient: true },');
    const query = { token, channels: 'chat:general' };
    await expect(connectPlainClient((await ready(server)).webSocket, { query })).rejects.toMatchObject({ status: 403 });
    writeFileSync(app, changed);
    const command = checkout.run(START);
    const served = await ready(command);
    const carol = await connectPlainClient(served.webSocket, { query });
    expect(await carol.next({ type: 'subscribed' })).toMatchObject({ channel: 'chat:general' });
    expect(await interrupted(command, served)).toMatchObject({ code: 0 });
  });
});
