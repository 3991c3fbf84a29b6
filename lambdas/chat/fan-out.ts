import type { FormatName } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { cutReader, gone } from './departure.ts';
import { type Document, documentOf, framesOf } from './frames.ts';
import type { Publication, Subscription } from './ports.ts';
import { send } from './posting.ts';
import type { Seq } from './seq.ts';
import { sideBySide } from './side-by-side.ts';

/** A message of a run, on its way to the readers. */
export interface OutgoingMessage {
  /** The event that it came as: readers that subscribed after it are not sent it. */
  readonly seq: Seq;
  readonly publication: Publication;
  readonly ephemeral: boolean;
}

type Parts = Pick<
  Chat,
  'connections' | 'queue' | 'later' | 'subscriptions' | 'posts' | 'formats' | 'world' | 'metrics'
>;
type Frames = ReturnType<typeof framesOf<Document & OutgoingMessage>>;

/** What one reader is still to be sent. */
interface Errand {
  readonly reader: Subscription;
  readonly frames: Frames;
  next: number;
  refused: boolean;
}

/** Posts under way at once for one channel. */
const SIDE_BY_SIDE = 64;
/** So many readers, and so large a part of the run's, who cannot be reached: the service is at fault, not they. */
const FAULT_READERS = 10;
const FAULT_SHARE = 5;

/**
 * Posts a run of messages, oldest first, to every reader: to all side by side, to each one frame at a time,
 * so that its next frame waits for the last one's answer. Who cannot be reached is cut, or is gone.
 */
export async function postRun(chat: Parts, state: ChannelState, messages: readonly OutgoingMessage[]): Promise<void> {
  const readers = (await state.readers.all()).filter((reader) => !reader.cut);
  const [current, stale] = partition(readers, (reader) => reader.from.epoch === state.epoch);
  await sideBySide(stale, SIDE_BY_SIDE, (reader) => cutReader(chat, state, reader.connection));
  const framesFor = framing(chat, state, messages);
  const errands = current.map((reader): Errand => ({ reader, frames: framesFor(reader), next: 0, refused: false }));
  for (let open = errands; open.length > 0; ) {
    await sideBySide(open, SIDE_BY_SIDE, (errand) => run(chat, state, errand));
    open = open.filter((errand) => errand.refused);
    if (open.length >= FAULT_READERS && open.length * FAULT_SHARE >= errands.length) continue;
    await sideBySide(open, SIDE_BY_SIDE, ({ reader }) => cutReader(chat, state, reader.connection));
    return;
  }
}

async function run(chat: Parts, state: ChannelState, errand: Errand): Promise<void> {
  const { reader, frames } = errand;
  errand.refused = false;
  for (let frame = frames[errand.next]; frame !== undefined; frame = frames[errand.next]) {
    const delivery = await send(chat, reader.connection, frame.text, state.lease.endsAt);
    if (delivery === 'gone') {
      await state.readers.silence(reader.connection);
      return gone(chat, reader.connection, state.name);
    }
    if (delivery === 'refused') chat.metrics.count('PostRefused');
    // (also where the frame may be lost: a connection that does not answer would hold up every run of the channel)
    if (delivery === 'unanswered') return cutReader(chat, state, reader.connection);
    const mayBeLost = frame.documents.every((document) => document.ephemeral);
    if (delivery === 'refused' && !mayBeLost) return cutReader(chat, state, reader.connection);
    if (delivery === 'exhausted' && !mayBeLost) {
      errand.refused = true;
      return;
    }
    errand.next++;
  }
}

/** Encodes each message once for each format, and joins frames once for all readers that begin at the same message. */
function framing(chat: Parts, state: ChannelState, messages: readonly OutgoingMessage[]): (r: Subscription) => Frames {
  const documents = new Map<FormatName, (Document & OutgoingMessage)[]>();
  const framed = new Map<string, Frames>();
  const documentsIn = (format: FormatName) => {
    const known = documents.get(format);
    if (known) return known;
    const made = messages.map((m) => ({
      ...m,
      ...documentOf(chat.formats[format].message(state.name, m.publication)),
    }));
    documents.set(format, made);
    return made;
  };
  return ({ format, seq }) => {
    const from = messages.findIndex((m) => m.seq > seq);
    if (from < 0) return [];
    const key = `${format} ${from}`;
    const known = framed.get(key);
    if (known) return known;
    const made = framesOf(documentsIn(format).slice(from));
    framed.set(key, made);
    return made;
  };
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
