import { OLDEST, storedSeq } from '../../../lambdas/chat/seq.ts';
import { ask, disconnect, handshake, publish, type Scenario, send, sender, subscribeEvent } from './happenings.ts';
import { RECOVERIES } from './recovery-scenarios.ts';

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
    name: 'a reader leaves and comes back, and messages follow at once',
    async begin(s) {
      await s.connected('r1', 'c');
      s.asked.push('s-r1');
      s.start('r1', async (chat) => {
        await ask(s, 'r1', chat, { action: 'unsubscribe', channel: 'c', id: 'u1' });
        await ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't2' });
        await send(s, chat, 'c', 2);
      });
    },
  },
  {
    name: 'the reply to a handshake is ready before the connection is',
    async begin(s) {
      handshake(s, 'r1', 'c');
      sender(s, 'c', 1);
    },
  },
  {
    name: 'a client leaves the channel of its handshake at once',
    async begin(s) {
      handshake(s, 'r1', 'c', { asks: [{ action: 'unsubscribe', channel: 'c', id: 'u1' }] });
      publish(s, 'c');
    },
  },
  {
    name: 'a client leaves the channel of its handshake at once, and comes back to it',
    async begin(s) {
      const [leave, again] = [
        { action: 'unsubscribe', channel: 'c', id: 'u1' },
        { action: 'subscribe', channel: 'c', id: 't2' },
      ] as const;
      handshake(s, 'r1', 'c', { asks: [leave, again] });
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
  ...RECOVERIES,
];
