import { EVENT_VERSION, type PublishEvent, type SubscribeEvent } from '../../../lambdas/chat/channel-event.ts';
import type { Command } from '../../../lambdas/chat/command.ts';
import { runCommands } from '../../../lambdas/chat/commands.ts';
import { gone } from '../../../lambdas/chat/departure.ts';
import { connect } from '../../../lambdas/chat/handshake.ts';
import { OLDEST, storedSeq } from '../../../lambdas/chat/seq.ts';
import { newClient } from './client.ts';
import type { Poison, Simulation } from './simulation.ts';

/** Something that happens to a channel; how it goes is the explorer's affair. */
export interface Scenario {
  readonly name: string;
  readonly begin: (simulation: Simulation) => Promise<void>;
}

let messages = 0;

/** A message is accepted, at once. */
function publish(s: Simulation, channel: string, poison?: Poison): PublishEvent {
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
function sender(s: Simulation, channel: string, count: number): void {
  s.start('sender', async (chat) => {
    for (let i = 0; i < count; i++) {
      const id = `p${++messages}`;
      await chat.queue.send([
        { event: { v: EVENT_VERSION, type: 'publish', channel, id, data: id, time: s.time.now() } },
      ]);
    }
  });
}

/** A client's frame, one command each, in a function of their own. */
async function ask(s: Simulation, connection: string, chat: Parameters<typeof runCommands>[0], command: Command) {
  if (command.id !== undefined) s.asked.push(command.id);
  await runCommands(chat, connection, [{ command }]);
}

function disconnect(s: Simulation, connection: string): void {
  s.start(`disconnect(${connection})`, async (chat) => {
    const client = s.clients.get(connection);
    if (client) client.open = false;
    await gone(chat, connection);
  });
}

/** A client comes with `?channels=…`; it is there for API Gateway only when `connect` has returned. */
function handshake(s: Simulation, connection: string, channels: readonly string[], then?: Command): void {
  const client = newClient(false);
  s.clients.set(connection, client);
  s.asked.push('undefined');
  const actor = s.start(`connect(${connection})`, async (chat) => {
    const { channels: _, ...record } = s.record(connection);
    await connect(
      chat,
      record,
      channels.map((name) => ({ name })),
    );
    await chat.queue.waiting(); // (a moment more, in which a reply may come)
    client.established = true;
    if (then) await ask(s, connection, chat, then);
  });
  s.onDeath.set(actor, () => {
    if (!client.established) client.open = false; // the handshake is refused
  });
}

/** An event that asks for a channel, of a connection whose record names it already. */
async function subscribeEvent(s: Simulation, connection: string, channel: string, id: string): Promise<SubscribeEvent> {
  await s.connections.note(connection, { [channel]: `s-${id}` }, 128);
  s.asked.push(id);
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
  };
}

/** What can happen to a channel. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'three messages for two readers',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2', 'c');
      for (let i = 0; i < 3; i++) publish(s, 'c');
    },
  },
  {
    name: 'a reader subscribes while messages come',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2');
      publish(s, 'c');
      s.start('subscribe(r2)', (chat) => ask(s, 'r2', chat, { action: 'subscribe', channel: 'c', id: 't1' }));
      sender(s, 'c', 2);
    },
  },
  {
    name: 'the reply to a subscribe arrives, and nobody learns of it',
    async begin(s) {
      await s.connected('r1', 'c');
      const r2 = await s.connected('r2');
      r2.mute = 1;
      s.enqueue({ event: await subscribeEvent(s, 'r2', 'c', 't') });
      publish(s, 'c');
      publish(s, 'c');
    },
  },
  {
    name: 'a reader leaves and comes back while messages come',
    async begin(s) {
      await s.connected('r1', 'c');
      s.asked.push('s-r1');
      s.start('r1', async (chat) => {
        await ask(s, 'r1', chat, { action: 'unsubscribe', channel: 'c', id: 'u1' });
        await ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't2' });
      });
      sender(s, 'c', 2);
    },
  },
  {
    name: 'the reply to a handshake is ready before the connection is',
    async begin(s) {
      handshake(s, 'r1', ['c']);
      sender(s, 'c', 1);
    },
  },
  {
    name: 'a client leaves the channel of its handshake at once',
    async begin(s) {
      handshake(s, 'r1', ['c'], { action: 'unsubscribe', channel: 'c', id: 'u1' });
      publish(s, 'c');
    },
  },
  {
    name: 'a client subscribes and is gone at once',
    async begin(s) {
      await s.connected('r1');
      await s.connected('sender', 'c');
      s.start('subscribe(r1)', (chat) => ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't1' }));
      disconnect(s, 'r1');
      publish(s, 'c');
    },
  },
  {
    name: 'a connection with two channels is lost, and only a 410 tells',
    async begin(s) {
      const r1 = await s.connected('r1', 'c', 'd');
      await s.connected('sender', 'c');
      r1.open = false;
      publish(s, 'c');
      publish(s, 'c');
    },
  },
  {
    name: 'the queue was made anew, and its numbers are lower than what the records remember',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2', 'c');
      const old = `former.fifo#${'9'.repeat(39)}`;
      const trial = { seq: old, failures: 1, after: false };
      s.log.heads.set('c', { ...s.headOf('c'), last: old, claimed: old, suspect: old, trial });
      publish(s, 'c');
      publish(s, 'c');
    },
  },
  {
    name: 'the head was lost, and a new epoch begins below what a reader has seen',
    async begin(s) {
      await s.connected('r1', 'c');
      s.log.heads.set('c', { ...s.headOf('c'), epoch: 'new' });
      publish(s, 'c');
    },
  },
  {
    name: 'a message kills whoever appends it, and another channel shares the batch',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2', 'd');
      publish(s, 'c');
      publish(s, 'd');
      publish(s, 'c', 'kills');
      publish(s, 'c');
      publish(s, 'd');
    },
  },
  {
    name: 'a message kills whoever posts it, when it is in the log already',
    async begin(s) {
      await s.connected('r1', 'c');
      publish(s, 'c');
      publish(s, 'c', 'kills posting');
      publish(s, 'c');
    },
  },
  {
    name: 'the handling of a message always throws',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2', 'd');
      publish(s, 'c', 'throws');
      publish(s, 'd');
      publish(s, 'c');
    },
  },
  {
    name: 'the posting of a message always throws',
    async begin(s) {
      await s.connected('r1', 'c');
      publish(s, 'c', 'throws posting');
      publish(s, 'c');
    },
  },
  {
    name: 'a subscribe kills',
    async begin(s) {
      await s.connected('r1', 'c');
      await s.connected('r2');
      s.poison.set('r2', 'kills');
      s.enqueue({ event: await subscribeEvent(s, 'r2', 'c', 't') });
      publish(s, 'c');
    },
  },
  {
    name: 'a broken deploy: whatever is handled throws, until it is mended',
    async begin(s) {
      await s.connected('r1', 'c');
      s.throws = 5;
      s.throwsLeft = 5;
      for (let i = 0; i < 3; i++) publish(s, 'c');
    },
  },
  {
    name: 'AWS refuses, again and again, what a suspect needs',
    async begin(s) {
      await s.connected('r1', 'c');
      publish(s, 'c');
      publish(s, 'c');
      const claimed = storedSeq('events.fifo', s.events[0]?.seq ?? OLDEST);
      s.log.heads.set('c', { ...s.headOf('c'), claimed, suspect: claimed });
      s.suspectedFromTheStart = true;
      s.outage = { of: 'log.append', left: 6 };
    },
  },
  {
    name: 'AWS refuses, and Lambda hands over each batch late',
    async begin(s) {
      await s.connected('r1', 'c');
      publish(s, 'c');
      publish(s, 'c');
      s.alwaysLateMs = 44_000;
      s.outage = { of: 'log.append', left: 6 };
    },
  },
  {
    name: 'a reader subscribes to a channel without history while messages come',
    async begin(s) {
      await s.connected('r1', 'live:c');
      await s.connected('r2');
      publish(s, 'live:c');
      s.start('subscribe(r2)', (chat) => ask(s, 'r2', chat, { action: 'subscribe', channel: 'live:c', id: 't1' }));
      sender(s, 'live:c', 3);
    },
  },
  {
    name: 'a reader subscribes twice, and the second is refused',
    async begin(s) {
      await s.connected('r1', 'c');
      s.start('r1', (chat) => ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't2' }));
      publish(s, 'c');
    },
  },
];
