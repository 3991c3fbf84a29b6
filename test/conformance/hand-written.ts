import { expect } from 'vitest';
import type { Document, PlainClient } from '../support/plain-client.ts';
import type { Stage } from './stage.ts';

/** A client whose frames are written by hand: it reads a channel, and is to go on with that whatever it sends. */
export interface HandWritten {
  readonly channel: string;
  readonly client: PlainClient;
  /** What documents are answered that go out in one frame, without the ids; in the order of the documents. */
  ask(...documents: readonly Document[]): Promise<Document[]>;
  /** Checks that it publishes and reads as ever, and has lost nothing. */
  expectAlive(): Promise<void>;
}

/** One of plain frames. */
export async function plainHand(stage: Stage): Promise<HandWritten> {
  const channel = stage.channel();
  const client = await stage.plain('alice', { query: { channels: channel } });
  await client.next({ type: 'subscribed', channel });
  let sent = 0;
  const ask = asking(client, String);
  return {
    channel,
    client,
    ask,
    async expectAlive() {
      const [ack] = await ask({ action: 'sendMessage', channel, data: `alive ${++sent}` });
      expect(ack).toMatchObject({ type: 'ack' });
      expect(await client.next({ type: 'message', channel })).toMatchObject({ data: `alive ${sent}`, offset: sent });
    },
  };
}

/** One of the Centrifugo protocol. */
export async function centrifugoHand(stage: Stage): Promise<HandWritten> {
  const channel = stage.channel();
  const client = await stage.frames('alice');
  const ask = asking(client, Number);
  expect(await ask({ subscribe: { channel } })).toMatchObject([{ subscribe: { recoverable: true } }]);
  let sent = 0;
  return {
    channel,
    client,
    ask,
    async expectAlive() {
      expect(await ask({ publish: { channel, data: `alive ${++sent}` } })).toEqual([{ publish: {} }]);
      const { push } = await client.next((document) => 'push' in document);
      expect(push).toMatchObject({ channel, pub: { data: `alive ${sent}`, offset: sent } });
    },
  };
}

function asking(client: PlainClient, idOf: (n: number) => string | number): HandWritten['ask'] {
  let asked = 100;
  return async (...documents) => {
    const named = documents.map((document) => ({ id: idOf(++asked), ...document }));
    client.sendInPieces(...named);
    return Promise.all(
      named.map(async (document) => {
        const { id: _, ...answer } = await client.next({ id: document.id });
        return answer;
      }),
    );
  };
}

/** JSON that many levels deep, as text: what writes it would run out of stack. */
export const nested = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`;

/** Names that no channel has. */
export const NO_NAMES = [
  'a b',
  ' ',
  'a\u0007b',
  'a\u0000',
  'a\nb',
  '🙂',
  'é',
  'x'.repeat(256),
  'a*',
  'a/b',
  'a&b',
  'a\u007f',
];
