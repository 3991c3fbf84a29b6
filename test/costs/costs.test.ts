import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Command } from '../../lambdas/chat/command.ts';
import { runCommands } from '../../lambdas/chat/commands.ts';
import { gone } from '../../lambdas/chat/departure.ts';
import { connect } from '../../lambdas/chat/handshake.ts';
import type { Identity } from '../../lambdas/chat/ports.ts';
import { minutesDue, sweep } from '../../lambdas/chat/sweep.ts';
import { startTables, type Tables } from '../lambdas/aws/tables.ts';
import { type Cost, type CountedChat, countedChat } from './counted-chat.ts';

const OPEN = {
  presence: true,
  allowSubscribeForClient: true,
  allowPublishForSubscriber: true,
  allowHistoryForSubscriber: true,
  allowPresenceForSubscriber: true,
};
const NAMESPACES = {
  '': { ...OPEN, historySize: 1000, historyTtl: 3600 },
  live: OPEN,
  team: { ...OPEN, historySize: 1000, historyTtl: 3600, joinLeave: true },
};
const READERS = 10;
/** A message of some 300 bytes. */
const TEXT = 'x'.repeat(100);

let tables: Tables;
let counted: CountedChat;

beforeAll(async () => {
  tables = await startTables();
  counted = await countedChat(tables, NAMESPACES);
});
afterAll(() => tables[Symbol.asyncDispose]());

const identity = (user: string): Identity => ({ user, expires: Math.floor(Date.now() / 1000) + 3600 });

/** A client comes, with these channels in its handshake. */
async function comes(id: string, ...channels: string[]) {
  const { chat } = counted;
  const wanted = channels.map((name) => ({ name }));
  await connect(chat, { ...identity(id), id, connectedAt: chat.world.now() }, wanted);
  await counted.settle();
}

async function asks(id: string, commands: Command[], format: 'json' | 'centrifuge' = 'json') {
  const { chat } = counted;
  const connection = await chat.connections.read(id);
  if (!connection) throw new Error(`${id} has no record`);
  const requests = commands.map((command) => ({ command }));
  const until = chat.world.now() + 10_000;
  const replies = await runCommands(chat, connection, { requests, format, until, requestId: 'r' });
  expect(replies.filter((reply) => reply.includes('"error"'))).toEqual([]);
  await counted.settle();
}

const publish = (channel: string): Command => ({ action: 'sendMessage', channel, data: TEXT, id: 'm' });

/** Fills a channel with readers. */
async function readersOf(channel: string, count = READERS) {
  for (let i = 0; i < count; i++) await comes(`${channel}-${i}`, channel);
}

it('what everything costs is what docs/operations.md says', async () => {
  const { chat, costOf } = counted;
  const rows: [string, Cost][] = [];
  const measure = async (name: string, what: () => Promise<unknown>) => {
    rows.push([name, await costOf(what)]);
  };
  for (const channel of ['general', 'live:x', 'team:a']) await readersOf(channel);

  await measure('connect, plain, with one channel', () => comes('c1', 'quiet'));
  await comes('c2');
  await measure('`connect` of an SDK', () =>
    asks('c2', [{ action: 'connect', id: '1', subs: new Map() }], 'centrifuge'),
  );
  await measure('subscribe', () => asks('c1', [{ action: 'subscribe', channel: 'other', id: 's' }]));
  await measure(`subscribe, and ${READERS} readers are told (join)`, () =>
    asks('c1', [{ action: 'subscribe', channel: 'team:a', id: 's' }]),
  );
  await measure(`publish to ${READERS} readers, with history`, () => asks('general-0', [publish('general')]));
  await measure(`publish to ${READERS} readers, without history`, () => asks('live:x-0', [publish('live:x')]));
  await measure(`ten publishes in a frame to ${READERS} readers`, () =>
    asks(
      'general-0',
      Array.from({ length: 10 }, () => publish('general')),
    ),
  );
  for (let i = 0; i < 9; i++)
    await asks(
      'general-0',
      Array.from({ length: 10 }, () => publish('general')),
    );
  const head = await chat.log.peek('general');
  if (!head) throw new Error('general has no head');
  const since = (missed: number) => ({ epoch: head.epoch, offset: head.offset - missed });
  for (const missed of [0, 10, 100]) {
    const id = `r${missed}`;
    await comes(id);
    await measure(`subscribe with \`since\`, ${missed} missed`, () =>
      asks(id, [{ action: 'subscribe', channel: 'general', id: 's', since: since(missed) }]),
    );
  }
  await measure('history of 50 messages', () =>
    asks('general-0', [{ action: 'history', channel: 'general', limit: 50, order: 'newest', id: 'h' }]),
  );
  await measure(`presence of ${READERS} readers`, () =>
    asks('live:x-0', [{ action: 'presence', channel: 'live:x', id: 'p' }]),
  );
  const later = { ...identity('c1'), expires: Math.floor(Date.now() / 1000) + 7200 };
  chat.tokens.verify = async () => later;
  await measure('refresh', () => asks('c1', [{ action: 'refresh', token: 't', id: 'r' }]));
  await measure('unsubscribe', () => asks('c1', [{ action: 'unsubscribe', channel: 'other', id: 'u' }]));
  await measure(`disconnect, of two channels, and ${READERS} readers are told (leave)`, async () => {
    await gone(chat, 'c1');
    await counted.settle();
  });
  const connections = 3 * READERS + 4;
  chat.world.time += 8 * 60_000;
  const minutes = minutesDue(chat.world.now(), 9);
  await measure(`one visit of the sweep to ${connections} connections, with ${minutes.length} minutes looked at`, () =>
    sweep(chat, { minutes }, chat.world.now() + 60_000),
  );

  const documented = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  expect(tableIn(documented)).toEqual(table(rows));
}, 60_000);

const HEAD = ['what', 'reads', 'RRU', 'writes', 'WRU', 'SQS', 'frames'];

function table(rows: readonly (readonly [string, Cost])[]): string[] {
  const cells = rows.map(([name, { reads, rru, writes, wru, sqs, frames }]) => [
    name,
    reads,
    rru,
    writes,
    wru,
    sqs,
    frames,
  ]);
  return [HEAD, ...cells].map((line) => line.join(' | '));
}

/** The lines of the table as the page has them, without what lays them out. */
function tableIn(page: string): string[] {
  const lines = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const start = lines.findIndex(([first]) => first === HEAD[0]);
  const end = lines.findIndex((line, i) => i > start && line.length === 0);
  return lines
    .slice(start, end)
    .filter(([first]) => !first?.startsWith('--'))
    .map((line) => line.join(' | '));
}
