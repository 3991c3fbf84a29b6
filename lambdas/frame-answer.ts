import { type Reply, refusal } from './chat/command.ts';
import { type CommandParts, runCommands } from './chat/commands.ts';
import { documentOf, framesOf } from './chat/frames.ts';
import type { Logger } from './chat/ports.ts';
import { encodeReply, parseFrame } from './protocol/json.ts';
import type { MessageEvent } from './websocket-event.ts';

/**
 * Runs the commands of a client's frame, and answers the frames that it is due at once, none above 32 KB.
 *
 * A fault is logged with its cause; the client is told `internal` and the request's id, for each of its documents.
 */
export async function answerFrame(
  parts: CommandParts & { readonly logger: Logger },
  { body, requestContext }: MessageEvent,
): Promise<string[]> {
  const { connectionId, requestId } = requestContext;
  const requests = parseFrame(body ?? '');
  const replies = await runCommands(parts, connectionId, requests).catch((error: unknown) => {
    parts.logger.error('a frame failed', { connection: connectionId, apiRequestId: requestId, error });
    return requests.map((request) => refusal(request, { code: 'internal', message: 'internal error' }));
  });
  const documents = replies.map((reply) => documentOf(encodeReply(withRequest(reply, requestId))));
  return framesOf(documents).map(({ text }) => text);
}

/** A reply that tells of a fault names the request, by which its cause is found in the log. */
const withRequest = (reply: Reply, requestId: string): Reply =>
  reply.type === 'error' && reply.code === 'internal'
    ? { ...reply, message: `${reply.message}, request ${requestId}` }
    : reply;
