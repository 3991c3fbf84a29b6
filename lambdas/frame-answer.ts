import { type Request, refusal } from './chat/command.ts';
import type { CommandParts } from './chat/command-frame.ts';
import { endUnknown, runCommands } from './chat/commands.ts';
import { Disconnected, ParleyError } from './chat/errors.ts';
import { documentOf, framesOf } from './chat/frames.ts';
import type { Connection, Logger } from './chat/ports.ts';
import { isCentrifugeFrame, parseCentrifugeFrame } from './protocol/centrifuge.ts';
import { parseFrame } from './protocol/json.ts';
import type { MessageEvent } from './websocket-event.ts';

type Parts = CommandParts & { readonly logger: Logger };

/**
 * Runs the commands of a client's frame, and answers the frames that it is due at once, none above 32 KB but for one
 * document that is larger by itself. `until`: when replies must have been posted, ms since 1970.
 *
 * A fault is logged with its cause; the client is told `internal` and the request's id, for each of its documents. What
 * the protocol does not allow at all ends the connection.
 */
export async function answerFrame(parts: Parts, event: MessageEvent, until: number): Promise<string[]> {
  const documents = await repliesTo(parts, event, until).catch((error: unknown) => {
    if (!(error instanceof Disconnected)) throw error;
    return disconnected(parts, event, error);
  });
  return framesOf(documents.map(documentOf)).map(({ text }) => text);
}

async function repliesTo(parts: Parts, { body = '', requestContext }: MessageEvent, until: number): Promise<string[]> {
  const { connectionId, requestId } = requestContext;
  let connection: Connection | undefined;
  try {
    connection = await parts.connections.read(connectionId);
    if (connection === undefined) return await endUnknown(parts, connectionId);
    return await runCommands(parts, connection, { ...commandsIn(body, connection), until, requestId });
  } catch (error) {
    if (error instanceof Disconnected) throw error;
    parts.logger.error('a frame failed', { connection: connectionId, apiRequestId: requestId, error });
    return faults(parts, body, connection, requestId);
  }
}

/** Told at once, so that the client goes by itself also where the queue fails; and again by who ends it. */
async function disconnected(
  { later, logger, formats }: Parts,
  { requestContext }: MessageEvent,
  { why, cause }: Disconnected,
): Promise<string[]> {
  const { connectionId: connection, requestId: apiRequestId } = requestContext;
  const level = cause === undefined || cause instanceof ParleyError ? 'info' : 'error';
  logger[level]('a client was disconnected', { connection, apiRequestId, ...why, error: cause });
  try {
    await later.end(connection, { disconnect: why });
  } catch (error) {
    logger.error('a connection could not be ended', { connection, apiRequestId, error });
  }
  return [formats.centrifuge.disconnect(why)];
}

/** A frame's commands, and the protocol that it speaks; where the frame does not show that, its connection's. */
function commandsIn(body: string, connection: Connection | undefined) {
  const isCentrifuge = isCentrifugeFrame(body) ?? connection?.format === 'centrifuge';
  return isCentrifuge
    ? ({ format: 'centrifuge', requests: parseCentrifugeFrame(body) } as const)
    : ({ format: 'json', requests: parseFrame(body) } as const);
}

/** Each of the frame's documents is told that it failed: which of them had an effect is not known. */
function faults({ formats }: Parts, body: string, connection: Connection | undefined, requestId: string): string[] {
  const error = { code: 'internal', message: `internal error, request ${requestId}` } as const;
  const { format, requests } = commandsIn(body, connection);
  return requests.map((request: Request) => formats[format].reply(refusal(request, error)));
}
