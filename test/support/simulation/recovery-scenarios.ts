import { EVENT_VERSION } from '../../../lambdas/chat/channel-event.ts';
import { minutesDue, sweep } from '../../../lambdas/chat/sweep.ts';
import {
  ask,
  comeBack,
  disconnect,
  expire,
  expireWithFirstFrame,
  FRAME_MS,
  handshake,
  inSmallPieces,
  kept,
  recover,
  type Scenario,
  send,
  sender,
  subscribeEvent,
} from './happenings.ts';

/** What can happen while readers come back, and find out what they missed. */
export const RECOVERIES: readonly Scenario[] = [
  {
    name: 'the sweep passes during a handshake',
    async begin(s) {
      handshake(s, 'r1', 'c');
      s.start('sweep', (chat) => {
        const minutes = minutesDue(s.time.now(), 1).slice(0, 2);
        return sweep(chat, { minutes }, s.time.now() + FRAME_MS);
      });
      sender(s, 'c', 1);
    },
  },
  {
    name: 'a handshake asks for what was missed, more than a frame holds',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 4);
      handshake(s, 'r1', 'c', { since: { epoch: 'epoch0', offset: 1 } });
      sender(s, 'c', 1);
    },
  },
  {
    name: 'a reader asks for what it missed, more than a frame holds, while messages come',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 5);
      await s.connected('r1', 'c');
      await s.connected('r2');
      recover(s, 'r2', 'c', 't1', 1);
      sender(s, 'c', 2);
    },
  },
  {
    name: 'a reader goes back by more than a frame holds, while messages come',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 4);
      await s.connected('r2');
      const command = { action: 'subscribe', channel: 'c', id: 't1', rewind: 3 } as const;
      s.start('rewind(r2)', (chat) => ask(s, 'r2', chat, command));
      sender(s, 'c', 2);
      expire(s, 'c', 3);
    },
  },
  {
    name: 'an SDK and a plain client ask for what they missed, each a different gap',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 4);
      await s.connected('r2');
      await s.sdk('r3');
      recover(s, 'r2', 'c', 't1', 2);
      recover(s, 'r3', 'c', '1', 1);
      sender(s, 'c', 2);
    },
  },
  {
    name: 'a reader leaves while it is catching up, and asks again from somewhere else',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 4);
      await s.connected('r1');
      const since = { epoch: 'epoch0', offset: 0 };
      s.start('r1', async (chat) => {
        await ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't1', since });
        await ask(s, 'r1', chat, { action: 'unsubscribe', channel: 'c', id: 'u1' });
        await ask(s, 'r1', chat, { action: 'subscribe', channel: 'c', id: 't2', since: { ...since, offset: 2 } });
      });
      sender(s, 'c', 1);
    },
  },
  {
    name: 'a reader is gone while it is catching up',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 6);
      await s.connected('r1');
      recover(s, 'r1', 'c', 't1', 1);
      disconnect(s, 'r1');
      sender(s, 'c', 1);
    },
  },
  {
    name: 'the history is removed while a reader asks for what it missed',
    async begin(s) {
      inSmallPieces(s);
      comeBack(s);
      kept(s, 'c', 4);
      await s.connected('r1');
      recover(s, 'r1', 'c', 't1', 1);
      s.start('remove', async (chat) => {
        await chat.queue.send([{ event: { v: EVENT_VERSION, type: 'removeHistory', channel: 'c' } }]);
      });
      sender(s, 'c', 2);
    },
  },
  {
    name: 'the history is removed behind a reader that is catching up',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 4);
      await s.connected('r1');
      const since = { epoch: 'epoch0', offset: 0 };
      s.enqueue({ event: await subscribeEvent(s, 'r1', 'c', 't1', { since }) });
      s.enqueue({ event: { v: EVENT_VERSION, type: 'removeHistory', channel: 'c' } });
      sender(s, 'c', 1);
    },
  },
  {
    name: 'messages expire behind a reader and an SDK that are catching up',
    async begin(s) {
      inSmallPieces(s);
      comeBack(s);
      kept(s, 'c', 5);
      await s.connected('r1');
      await s.sdk('r2');
      const since = { epoch: 'epoch0', offset: 0 };
      s.enqueue({ event: await subscribeEvent(s, 'r1', 'c', 't1', { since }) });
      const sdk = { since: { ...since, offset: 1 }, format: 'centrifuge', recoverable: true } as const;
      s.enqueue({ event: await subscribeEvent(s, 'r2', 'c', '1', sdk) });
      expireWithFirstFrame(s, 'c', 4);
      sender(s, 'c', 1);
    },
  },
  {
    name: 'messages expire while a reader and an SDK ask for what they missed',
    async begin(s) {
      inSmallPieces(s);
      comeBack(s);
      kept(s, 'c', 5);
      await s.connected('r1');
      await s.sdk('r2');
      recover(s, 'r1', 'c', 't1', 1);
      recover(s, 'r2', 'c', '1', 2);
      expire(s, 'c', 5);
      sender(s, 'c', 1);
    },
  },
  {
    name: 'the head is lost while a reader is catching up',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'c', 5);
      await s.connected('r1');
      recover(s, 'r1', 'c', 't1', 1);
      s.start('loss', async (chat, self) => {
        await s.call(self, 'lose the head', async () => void s.log.heads.delete('c'));
        await send(s, chat, 'c', 1);
      });
    },
  },
  {
    name: 'readers come and go, and are told of it',
    async begin(s) {
      inSmallPieces(s);
      kept(s, 'lobby:c', 3);
      await s.connected('r1', 'lobby:c');
      await s.connected('r2');
      await s.connected('r3', 'lobby:c');
      await s.connected('r4');
      s.asked.push('s-r3');
      s.start('r2', (chat) => ask(s, 'r2', chat, { action: 'subscribe', channel: 'lobby:c', id: 't2' }));
      s.start('r3', (chat) => ask(s, 'r3', chat, { action: 'unsubscribe', channel: 'lobby:c', id: 'u3' }));
      recover(s, 'r4', 'lobby:c', 't4', 0);
    },
  },
];
