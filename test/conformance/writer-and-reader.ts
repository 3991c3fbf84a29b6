import { upTo } from '../support/pouring.ts';
import type { ClientKind, Message, Participant } from './participant.ts';
import type { Stage } from './stage.ts';

/** Two of a kind that read a channel, and have been sent so many messages of one of them: 1, 2, 3, … */
export async function writerAndReader(stage: Stage, kind: ClientKind, channel: string, count: number) {
  const [writer, reader] = [await stage.join(kind, 'writer'), await stage.join(kind, 'reader')];
  for (const each of [writer, reader]) await each.subscribe(channel);
  for (const n of upTo(1, count)) await writer.publish(channel, n);
  await reader.untilMessages(channel, count);
  return { writer, reader };
}

/** The data of all that a client was sent of a channel. */
export const dataOf = (reader: Participant, channel: string): unknown[] =>
  reader.messages(channel).map(({ data }) => data);

/** The offsets of messages. */
export const offsetsOf = (messages: readonly Message[]): unknown[] => messages.map(({ offset }) => offset);
