import type { FormatName } from './channel-event.ts';
import type { ChannelState } from './channel-state.ts';
import type { Chat } from './chat.ts';
import { cutReader, gone } from './departure.ts';
import { type Document, documentOf, framesOf } from './frames.ts';
import type { Format, Subscription } from './ports.ts';
import { send } from './posting.ts';
import type { Seq } from './seq.ts';
import { sideBySide } from './side-by-side.ts';

/** What readers are told of one event. */
export interface OutgoingPush {
  /** The event: readers that subscribed after it are not told. */
  readonly seq: Seq;
  /** A frame of nothing else is dropped where it is refused, instead of cutting its reader. */
  readonly mayBeLost: boolean;
  /** The document in a format; undefined: whoever reads that is not told. */
  textIn(format: Format): string | undefined;
}

type Parts = Pick<
  Chat,
  'connections' | 'queue' | 'later' | 'subscriptions' | 'posts' | 'formats' | 'world' | 'metrics'
>;
type PushDocument = Document & OutgoingPush;
type Frames = ReturnType<typeof framesOf<PushDocument>>;

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
 * Posts a run of pushes, in order, to these readers: to all side by side, to each one frame at a time, so that its next
 * frame waits for the last one's answer. Who cannot be reached is cut, or is gone.
 */
export async function postRun(
  chat: Parts,
  state: ChannelState,
  pushes: readonly OutgoingPush[],
  readers: readonly Subscription[],
): Promise<void> {
  const framesFor = framing(chat, pushes);
  const errands = readers.map((reader): Errand => ({ reader, frames: framesFor(reader), next: 0, refused: false }));
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
    const mayBeLost = frame.documents.every((document) => document.mayBeLost);
    if (delivery === 'refused' && !mayBeLost) return cutReader(chat, state, reader.connection);
    if (delivery === 'exhausted' && !mayBeLost) {
      errand.refused = true;
      return;
    }
    errand.next++;
  }
}

/** Encodes each push once for each format, and joins frames once for all readers that begin at the same push. */
function framing({ formats }: Parts, pushes: readonly OutgoingPush[]): (reader: Subscription) => Frames {
  const documents = new Map<FormatName, PushDocument[]>();
  const framed = new Map<string, Frames>();
  const documentsIn = (format: FormatName) => {
    const known = documents.get(format);
    if (known) return known;
    const made = pushes.flatMap((push) => {
      const text = push.textIn(formats[format]);
      return text === undefined ? [] : [{ ...push, ...documentOf(text) }];
    });
    documents.set(format, made);
    return made;
  };
  return ({ format, seq }) => {
    const all = documentsIn(format);
    // (of two kinds of clients, one is told of its own join, too: that has the number of its row)
    const isOwnTold = formats[format].tells === 'connections';
    const from = all.findIndex((document) => document.seq > seq || (isOwnTold && document.seq === seq));
    if (from < 0) return [];
    const key = `${format} ${from}`;
    const known = framed.get(key);
    if (known) return known;
    const made = framesOf(all.slice(from));
    framed.set(key, made);
    return made;
  };
}
