import type { WantedChannel } from '../chat/handshake.ts';

/** The query string of a handshake, decoded once, as API Gateway hands it over. */
export type HandshakeQuery = Readonly<Record<string, string | undefined>>;

/**
 * The channels of a handshake: `channels=a,b` and, for each, `since.<channel>=<epoch>:<offset>`.
 *
 * A name with a comma is percent-encoded once more than the query itself. A `since` that is no position is as one that
 * is unknown: the client is told that it was not recovered.
 */
export function wantedChannels(query: HandshakeQuery): WantedChannel[] {
  const names = (query.channels ?? '').split(',').filter((name) => name !== '');
  return names.map((encoded) => {
    const name = decoded(encoded);
    const since = query[`since.${name}`];
    return since === undefined ? { name } : { name, since: positionFrom(since) };
  });
}

function positionFrom(text: string): { epoch: string; offset: number } {
  const colon = text.lastIndexOf(':');
  const offset = /^\d{1,16}$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : 0;
  return { epoch: text.slice(0, Math.max(colon, 0)), offset };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a lone "%" is no encoding, and is allowed in a name
  }
}
