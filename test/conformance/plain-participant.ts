import type { Document, PlainClient } from '../support/plain-client.ts';
import { type Begun, type HistoryPage, type Message, type Participant, type Position, Refused } from './participant.ts';

/** A plain client that keeps one number a channel, and comes back with it. `connect` makes a connection, also again. */
export async function plainParticipant(connect: () => Promise<PlainClient>): Promise<Participant> {
  const sessions = [await connect()];
  const channels = new Set<string>();
  let ids = 0;
  const client = () => sessions.at(-1) as PlainClient;

  /** Sends documents in one frame, and answers their replies. */
  async function askTogether(documents: readonly Document[]): Promise<Document[]> {
    const named = documents.map((document) => ({ ...document, id: `${++ids}` }));
    client().sendInPieces(...named);
    return Promise.all(named.map(({ id }) => client().next({ id }).then(unlessRefused)));
  }

  const ask = async (document: Document): Promise<Document> =>
    unlessRefused(await client().ask({ ...document, id: `${++ids}` }));

  const views = new Map<string, ChannelView>();
  /** All that it knows of a channel by now. */
  function view(channel: string): ChannelView {
    const known = views.get(channel) ?? new ChannelView(channel);
    views.set(channel, known);
    known.read(sessions);
    return known;
  }

  /** Where it knows a channel, from there on. */
  async function subscribeAgain(names: readonly string[]): Promise<ReadonlyMap<string, Begun>> {
    const asked = names.map((channel) => ({ action: 'subscribe', channel, since: view(channel).position ?? START }));
    const replies = await askTogether(asked);
    for (const name of names) channels.add(name);
    return new Map(names.map((name, i) => [name, begunOf(replies[i] ?? {})]));
  }

  return {
    kind: 'plain',
    async subscribe(channel, { since, token } = {}) {
      const reply = await ask({ action: 'subscribe', channel, since, token });
      channels.add(channel);
      return begunOf(reply);
    },
    subscribeTogether: subscribeAgain,
    async unsubscribe(channel) {
      await ask({ action: 'unsubscribe', channel });
      channels.delete(channel);
    },
    async publish(channel, data) {
      await ask({ action: 'sendMessage', channel, data });
    },
    async publishTogether(channel, all) {
      await askTogether(all.map((data) => ({ action: 'sendMessage', channel, data })));
    },
    messages: (channel) => view(channel).messages,
    untilMessages: (channel, count) =>
      client().until(() => view(channel).messages.length >= count, `${count} messages of ${channel}`),
    position(channel) {
      const { position } = view(channel);
      if (position === undefined) throw new Error(`it stands nowhere in ${channel}`);
      return position;
    },
    async history(channel, { limit, after, before }) {
      const range = { limit, after: after?.offset, before: before?.offset };
      const { epoch, offset, messages } = await ask({ action: 'history', channel, ...range });
      return { epoch, offset, messages: (messages as Document[]).map(messageOf) } as HistoryPage;
    },
    async presence(channel) {
      const { members } = await ask({ action: 'presence', channel });
      return new Map((members as { user: string; connections: number }[]).map((m) => [m.user, m.connections]));
    },
    async kill() {
      client().socket.terminate();
      await client().closed;
    },
    async comeBack() {
      sessions.push(await connect());
      return subscribeAgain([...channels]);
    },
    async untilUnsubscribed(channel) {
      const { code } = await client().next(
        ({ type, channel: of, id }) => type === 'unsubscribed' && of === channel && id === undefined,
      );
      if (Number(code) < 2500) return { code: Number(code) };
      return { code: Number(code), again: (await subscribeAgain([channel])).get(channel) as Begun };
    },
    async untilDisconnected() {
      const { code } = await client().next({ type: 'disconnect' });
      await client().closed;
      return Number(code);
    },
    async close() {
      client().socket.terminate();
      await client().closed;
    },
  };
}

/** Before the first message, whatever the epoch. */
const START: Position = { epoch: '', offset: 0 };

function unlessRefused(reply: Document): Document {
  if (reply.type === 'error') throw new Refused(String(reply.code), String(reply.message));
  return reply;
}

const begunOf = ({ epoch, recovered }: Document): Begun => ({
  ...(typeof epoch === 'string' && { epoch }),
  ...(typeof recovered === 'boolean' && { recovered }),
});

/** What a careful client makes of all that it is sent of a channel. */
class ChannelView {
  readonly messages: Message[] = [];
  position: Position | undefined;
  readonly #channel: string;
  #session = 0;
  #read = 0;

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** Goes on where it was. */
  read(sessions: readonly PlainClient[]): void {
    for (; this.#session < sessions.length; this.#session++, this.#read = 0) {
      const { documents } = sessions[this.#session] as PlainClient;
      for (; this.#read < documents.length; this.#read++) this.#take(documents[this.#read] as Document);
      if (this.#session === sessions.length - 1) return;
    }
  }

  #take({ type, channel, epoch, offset, recovered, ...document }: Document): void {
    if (channel !== this.#channel) return;
    if (type === 'subscribed') {
      const isNew = this.position === undefined || recovered === false;
      if (isNew && epoch !== undefined) this.position = { epoch: String(epoch), offset: Number(offset) };
    }
    if (type !== 'message') return;
    if (offset === undefined) {
      this.messages.push(messageOf(document));
      return;
    }
    const at = this.position?.offset ?? Number.NaN;
    if (Number(offset) <= at) return; // a repeat
    if (offset !== at + 1) throw new Error(`a hole in ${channel}: ${offset} after ${at}`);
    this.position = { epoch: String(epoch), offset };
    this.messages.push(messageOf({ ...document, offset }));
  }
}

const messageOf = ({ data, user, offset, tags }: Document): Message => ({
  data,
  ...(user !== undefined && { user: String(user) }),
  ...(offset !== undefined && { offset: Number(offset) }),
  ...(tags !== undefined && { tags: tags as Record<string, string> }),
});
