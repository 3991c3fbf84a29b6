import {
  EVENT_VERSION,
  type PublishEvent,
  type Since,
  type SubscribeEvent,
} from '../../../lambdas/chat/channel-event.ts';
import type { Chat } from '../../../lambdas/chat/chat.ts';
import type { Command } from '../../../lambdas/chat/command.ts';
import { endUnknown, runCommands } from '../../../lambdas/chat/commands.ts';
import { gone } from '../../../lambdas/chat/departure.ts';
import { connect } from '../../../lambdas/chat/handshake.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { newClient } from './client.ts';
import type { Poison, Simulation } from './simulation.ts';

/** Something that happens to a channel; how it goes is the explorer's affair. */
export interface Scenario {
  readonly name: string;
  readonly begin: (simulation: Simulation) => Promise<void>;
}

/** How long a function has for a frame. */
export const FRAME_MS = 13_000;

let messages = 0;
let requests = 1_000;

/** A message is accepted, at once. */
export function publish(s: Simulation, channel: string, poison?: Poison): PublishEvent {
  const id = `p${++messages}`;
  const event: PublishEvent = {
    v: EVENT_VERSION,
    type: 'publish',
    channel,
    id,
    user: 'sender',
    data: id,
    time: s.time.now(),
  };
  if (poison) s.poison.set(id, poison);
  s.enqueue({ event });
  return event;
}

/** A function that publishes, one message after the other. */
export function sender(s: Simulation, channel: string, count: number): void {
  s.start('sender', (chat) => send(s, chat, channel, count));
}

/** Publishes so many messages, each when the one before is accepted. */
export async function send(s: Simulation, chat: Pick<Chat, 'queue'>, channel: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = `p${++messages}`;
    await chat.queue.send([
      { event: { v: EVENT_VERSION, type: 'publish', channel, id, data: id, time: s.time.now() } },
    ]);
  }
}

/** A client's frame, one command each, in a function of their own. */
export async function ask(
  s: Simulation,
  connection: string,
  chat: Parameters<typeof runCommands>[0],
  command: Command,
) {
  if (command.id !== undefined) s.asked.push(command.id);
  if (command.id !== undefined && command.action === 'subscribe') s.requests.set(command.id, command);
  const record = await chat.connections.read(connection);
  if (record === undefined) await endUnknown(chat, connection);
  else {
    const { format } = record;
    const until = s.time.now() + FRAME_MS;
    await runCommands(chat, record, { requests: [{ command }], format, until, requestId: 'request' });
  }
}

/** A client goes, and API Gateway tells of it. */
export function disconnect(s: Simulation, connection: string): void {
  s.start(`disconnect(${connection})`, async (chat) => {
    const client = s.clients.get(connection);
    if (client) client.open = false;
    await gone(chat, connection);
  });
}

/** A client comes with `?channels=…`; it is there for API Gateway only when `connect` has returned. */
export function handshake(
  s: Simulation,
  connection: string,
  channel: string,
  { asks = [], since }: { readonly asks?: readonly Command[]; readonly since?: Since } = {},
): void {
  const client = newClient(false);
  s.clients.set(connection, client);
  s.asked.push('undefined');
  s.requests.set('undefined', { channel, ...(since && { since }) });
  const actor = s.start(`connect(${connection})`, async (chat) => {
    const { channels: _, ...record } = s.record(connection);
    await connect(chat, record, [{ name: channel, ...(since && { since }) }]);
    // (a moment more, in which a reply may come)
    for (let i = 0; i < 3; i++) await chat.queue.waiting();
    client.established = true;
    for (const command of asks) await ask(s, connection, chat, command);
  });
  s.onDeath.set(actor, () => {
    if (!client.established) client.open = false; // the handshake is refused
  });
}

/** An event that asks for a channel, of a connection whose record names it already. */
export async function subscribeEvent(
  s: Simulation,
  connection: string,
  channel: string,
  id: string,
  more: Partial<SubscribeEvent> = {},
): Promise<SubscribeEvent> {
  await s.connections.note(connection, { [channel]: { token: `s-${id}` } }, 128);
  s.asked.push(id);
  s.requests.set(id, { channel, ...more });
  const connectedAt = s.time.now();
  return {
    v: EVENT_VERSION,
    type: 'subscribe',
    channel,
    connection,
    user: connection,
    format: 'json',
    token: `s-${id}`,
    id,
    connectedAt,
    ...more,
  };
}

/** Messages that a channel holds since long: their events are done. */
export function kept(s: Simulation, channel: string, count: number): void {
  const { epoch } = s.headOf(channel);
  const rows = Array.from({ length: count }, (_, i) => {
    const [offset, id] = [i + 1, `kept${i + 1}`];
    const publication = { id, data: id, time: s.time.now(), offset, epoch };
    return [offset, { offset, seq: seqOf(String(offset)), publication, turn: 0, expiresAt: 9e12 }] as const;
  });
  s.log.logs.set(`${channel} ${epoch}`, new Map(rows));
  s.log.heads.set(channel, { ...s.headOf(channel), offset: count });
}

/** Time takes messages out of a channel's history, the oldest first. */
export function expire(s: Simulation, channel: string, count: number): void {
  s.start('time', async (_, self) => {
    for (let offset = 1; offset <= count; offset++) {
      await s.call(self, `expire ${offset}`, async () => endOf(s, channel, offset));
    }
  });
}

/** With the first frame that a reader is sent, the messages up to an offset are over. */
export function expireWithFirstFrame(s: Simulation, channel: string, upTo: number): void {
  s.onFrame.push(() => {
    for (let offset = 1; offset <= upTo; offset++) endOf(s, channel, offset);
  });
}

function endOf(s: Simulation, channel: string, offset: number): void {
  const rows = s.log.logs.get(`${channel} ${s.headOf(channel).epoch}`);
  const row = rows?.get(offset);
  if (row) rows?.set(offset, { ...row, expiresAt: 0 });
}

/** A client asks for a channel and what it missed there. */
export function recover(s: Simulation, connection: string, channel: string, id: string, offset: number): void {
  const since = { epoch: s.headOf(channel).epoch, offset };
  const command = { action: 'subscribe', channel, id, since, recoverable: true } as const;
  s.start(`recover(${connection})`, (chat) => ask(s, connection, chat, command));
}

/** A client that is told to subscribe again does so, from where it stands. */
export function comeBack(s: Simulation): void {
  s.onFrame.push((connection, documents) => {
    for (const { type, code, channel = '' } of documents) {
      if (type !== 'unsubscribed' || Number(code) < 2_500) continue;
      const told = s.clients.get(connection)?.told.filter((document) => document.channel === channel) ?? [];
      const offsets = told.flatMap(({ offset }) => (offset === undefined ? [] : [offset]));
      recover(s, connection, channel, String(++requests), Math.max(0, ...offsets));
    }
  });
}

/** One message fills a frame, and two are read at once. */
export function inSmallPieces(s: Simulation): void {
  s.documentBytes = 17_000;
  s.log.pieceMessages = 2;
}
