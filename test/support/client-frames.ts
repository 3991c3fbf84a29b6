import type { FormatName } from '../../lambdas/chat/channel-event.ts';
import { runCommands } from '../../lambdas/chat/commands.ts';
import { parseCentrifugeFrame } from '../../lambdas/protocol/centrifuge.ts';
import { parseFrame } from '../../lambdas/protocol/json.ts';
import type { MemoryChat } from './memory-chat.ts';
import type { Told } from './memory-ports.ts';

/** How long a frame may take, in ms. */
const FRAME_MS = 13_000;

/** Runs a plain frame of a connection; answers what it is told at once. */
export const plainFrame = (chat: MemoryChat, connection: string, ...documents: readonly unknown[]): Promise<Told[]> =>
  frameOf(chat, connection, 'json', documents);

/** Runs a frame of the Centrifugo protocol; answers what is told at once. */
export const centrifugeFrame = (
  chat: MemoryChat,
  connection: string,
  ...documents: readonly unknown[]
): Promise<Told[]> => frameOf(chat, connection, 'centrifuge', documents);

/** A client of the Centrifugo protocol that numbers its commands: answers what each is told at once, in the order of the ids. */
export async function centrifugeReplies(
  chat: MemoryChat,
  connection: string,
  ...commands: readonly object[]
): Promise<(Told | undefined)[]> {
  const told = await centrifugeFrame(chat, connection, ...commands.map((command, i) => ({ id: i + 1, ...command })));
  return commands.map((_, i) => told.find(({ id }) => id === i + 1));
}

async function frameOf(
  chat: MemoryChat,
  id: string,
  format: FormatName,
  documents: readonly unknown[],
): Promise<Told[]> {
  const connection = chat.connections.records.get(id);
  if (connection === undefined) throw new Error(`${id} has no record`);
  const body = documents.map((document) => JSON.stringify(document)).join('\n');
  const requests = format === 'json' ? parseFrame(body) : parseCentrifugeFrame(body);
  const until = chat.world.now() + FRAME_MS;
  const replies = await runCommands(chat, structuredClone(connection), {
    requests,
    format,
    until,
    requestId: 'request',
  });
  return replies.map((reply): Told => JSON.parse(reply));
}
