import type { FormatName } from '../../../lambdas/chat/channel-event.ts';
import type { Told } from './client.ts';

interface Pub {
  readonly data: unknown;
  readonly offset?: number;
}

/** What an SDK reads: `definitions/client.proto` of centrifugal/protocol. */
interface CentrifugeDocument {
  readonly id?: number;
  readonly error?: { readonly code: number };
  readonly subscribe?: {
    readonly epoch?: string;
    readonly offset?: number;
    readonly recovered?: boolean;
    readonly was_recovering?: boolean;
    readonly publications?: readonly Pub[];
  };
  readonly unsubscribe?: object;
  readonly push?: {
    readonly channel: string;
    readonly pub?: Pub;
    readonly join?: { readonly info: { readonly user: string } };
    readonly leave?: { readonly info: { readonly user: string } };
    readonly unsubscribe?: { readonly code: number };
    readonly disconnect?: { readonly code: number };
  };
}

/**
 * What a client reads in a frame. An SDK's documents are told as a plain client's would be: a reply with what was missed
 * as `subscribed` at the position before that, and the messages. `channelOf`: the channel of a request, by its id.
 */
export function documentsOf(
  format: FormatName,
  frame: string,
  channelOf: (id: string) => string | undefined,
): readonly Told[] {
  const documents = frame.split('\n').map((line) => JSON.parse(line));
  if (format === 'json') return documents;
  return documents.flatMap((document: CentrifugeDocument) => ofCentrifuge(document, channelOf));
}

function ofCentrifuge(document: CentrifugeDocument, channelOf: (id: string) => string | undefined): readonly Told[] {
  const { push, subscribe, error, unsubscribe } = document;
  if (push) return ofPush(push);
  const id = String(document.id);
  const channel = channelOf(id);
  const of = { id, ...(channel !== undefined && { channel }) };
  if (error) return [{ type: 'error', ...of, code: error.code }];
  if (unsubscribe) return [{ type: 'unsubscribed', ...of }];
  if (!subscribe || channel === undefined) throw new Error(`no client waits for this: ${JSON.stringify(document)}`);
  const { epoch, offset = 0, recovered = false, was_recovering, publications = [] } = subscribe;
  return [
    {
      type: 'subscribed',
      ...of,
      ...(epoch !== undefined && { epoch }),
      // an SDK plays the publications and then stands at `offset`
      offset: offset - publications.length,
      ...(was_recovering && { recovered }),
    },
    ...publications.map((pub) => ofPub(channel, pub)),
  ];
}

function ofPush({ channel, pub, join, leave, unsubscribe, disconnect }: NonNullable<CentrifugeDocument['push']>) {
  if (pub) return [ofPub(channel, pub)];
  if (join) return [{ type: 'join', channel, user: join.info.user }];
  if (leave) return [{ type: 'leave', channel, user: leave.info.user }];
  if (unsubscribe) return [{ type: 'unsubscribed', channel, code: unsubscribe.code }];
  return [{ type: 'disconnect', code: Number(disconnect?.code) }];
}

/** (a message has no id here: in a simulation it says its own) */
const ofPub = (channel: string, { data, offset }: Pub): Told => ({
  type: 'message',
  channel,
  id: String(data),
  ...(offset !== undefined && { offset }),
});
