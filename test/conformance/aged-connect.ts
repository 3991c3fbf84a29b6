import type { ConnectEvent } from '../../lambdas/websocket-event.ts';

/** So old a connection is said to be, in ms: the sweep leaves younger ones alone. */
export const AGE_MS = 3 * 60_000;

/**
 * `$connect` that is told of connections which are some minutes old, so that a sweep with an interval of one minute visits
 * them each time it comes; and where the handshake says `ended`, of a token that has been over for so many seconds.
 */
export function wrap<R>(connect: (event: ConnectEvent, context: unknown) => Promise<R>): typeof connect {
  return (event, context) => {
    const { authorizer, connectedAt, ...rest } = event.requestContext;
    const ended = event.queryStringParameters?.ended;
    const requestContext = {
      ...rest,
      connectedAt: connectedAt - AGE_MS,
      authorizer: { ...authorizer, ...(ended !== undefined && { expires: String(endedAt(ended)) }) },
    };
    return connect({ ...event, requestContext }, context);
  };
}

/** When that was, Unix time in seconds. */
export const endedAt = (seconds: string): number => Math.floor(Date.now() / 1000) - Number(seconds);
