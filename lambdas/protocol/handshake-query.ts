import type { WantedChannel } from '../chat/handshake.ts';

/** The query string of a handshake, decoded once, as API Gateway hands it over. */
export type HandshakeQuery = Readonly<Record<string, string | undefined>>;

/** A position that no channel has reached. */
const UNKNOWN = { epoch: '', offset: Number.MAX_SAFE_INTEGER };

/**
 * The channels of a handshake: `channels=a,b` and, for each, `since.<channel>=<epoch>:<offset>`; `rewind=<number>` is for
 * those without one.
 *
 * A name with a comma is percent-encoded once more than the query itself. A `since` that is no position is as one that
 * is unknown: the client is told that it was not recovered. A `rewind` that is no number is as none.
 */
export function wantedChannels(query: HandshakeQuery): WantedChannel[] {
  const names = (query.channels ?? '').split(',').filter((name) => name !== '');
  const [rewind] = /^\d+$/.exec(query.rewind ?? '') ?? [];
  return names.map((encoded) => {
    const name = decoded(encoded);
    const since = query[`since.${name}`];
    if (since !== undefined) return { name, since: positionFrom(since) };
    return rewind === undefined ? { name } : { name, rewind: exact(rewind) };
  });
}

function positionFrom(text: string): { epoch: string; offset: number } {
  const [, epoch, offset] = /^(.*):(\d+)$/s.exec(text) ?? [];
  if (epoch === undefined || offset === undefined) return UNKNOWN;
  return { epoch, offset: exact(offset) };
}

/** (no channel has so many messages) */
const exact = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER);

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a lone "%" is no encoding, and is allowed in a name
  }
}
