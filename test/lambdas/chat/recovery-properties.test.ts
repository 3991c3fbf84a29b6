import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { FormatName, Since } from '../../../lambdas/chat/channel-event.ts';
import { gone } from '../../../lambdas/chat/departure.ts';
import type { Format } from '../../../lambdas/chat/ports.ts';
import { CarefulReader, type Truth } from '../../support/careful-reader.ts';
import { FAULTS, type Fault, faultyWorker, type Outside } from '../../support/faulty-worker.ts';
import { MemoryChannel } from '../../support/memory-channel.ts';
import {
  connectionOf,
  type MemoryChat,
  memoryChat,
  publishEvent,
  removeHistoryEvent,
  subscribeEvent,
  unsubscribeEvent,
} from '../../support/memory-chat.ts';

const HISTORY_SIZE = 12;

/** What happens to a channel, its readers and its worker, one after the other. */
type Step =
  | { readonly step: 'publish'; readonly count: number }
  | { readonly step: 'come'; readonly reader: number; readonly from: 'where it stood' | 'the start' | 'now' | number }
  | { readonly step: 'leave'; readonly reader: number }
  | { readonly step: 'vanish'; readonly reader: number }
  | { readonly step: 'remove' }
  | { readonly step: 'expire'; readonly count: number }
  | { readonly step: 'work'; readonly most: number; readonly faults: readonly Fault[] };

/** One message fills a frame, and so does what is read of the log at once, but for one message. */
const inSmallFrames = (format: Format): Format => ({
  ...format,
  message: (...args) => format.message(...args).padEnd(17_000),
  piece: (...args) => format.piece(...args).padEnd(17_000),
});

/** A channel with its worker, and clients who come and go. */
class Story {
  readonly chat: MemoryChat;
  readonly channel: MemoryChannel;
  readonly readers: readonly CarefulReader[];
  #messages = 0;
  #requests = 0;
  #connections = 0;
  #ended = 0;
  #broken: unknown;

  constructor(formats: readonly FormatName[]) {
    const chat = memoryChat({ namespaces: { '': { historySize: HISTORY_SIZE, historyTtl: 24 * 3600 } } });
    const { json, centrifuge } = chat.formats;
    this.chat = { ...chat, formats: { json: inSmallFrames(json), centrifuge: inSmallFrames(centrifuge) } };
    this.chat.log.pieceMessages = 3;
    this.channel = new MemoryChannel(this.chat);
    this.readers = formats.map((format, i) => new CarefulReader(`r${i + 1}`, format, 'general', this.#truth()));
  }

  async take(step: Step): Promise<void> {
    switch (step.step) {
      case 'publish':
        for (let i = 0; i < step.count; i++) this.channel.send(publishEvent(`m${++this.#messages}`));
        return;
      case 'come':
        return this.#come(this.#reader(step.reader), step.from);
      case 'leave':
        return this.#leave(this.#reader(step.reader));
      case 'vanish':
        return this.#reader(step.reader).disconnected();
      case 'remove':
        return void this.channel.send(removeHistoryEvent());
      case 'expire':
        return this.#expire(step.count);
      case 'work':
        await this.channel.receive(step.most, faultyWorker(this.#outside(), step.faults));
        if (this.#broken) throw this.#broken;
        return this.#end();
    }
  }

  /** Nothing goes wrong any more: everybody comes back, and has all that can be had. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds++) {
      for (let batches = 0; this.channel.waiting.length > 0; batches++) {
        if (batches > 200) throw new Error(`events wait for ever: ${JSON.stringify(this.channel.waiting)}`);
        await this.take({ step: 'work', most: 10, faults: [] });
      }
      const away = this.readers.filter(({ isLost, connection }) => isLost || connection === undefined);
      if (away.length === 0) break;
      for (const reader of away) await this.#come(reader, 'where it stood');
    }
    for (const reader of this.readers) await this.#check(reader);
    this.#checkRemoval();
  }

  /** A removal takes out what was published before it, and nothing that came after it; one that was parked may have. */
  #checkRemoval(): void {
    const parked = new Set(this.chat.parking.parked.map(({ item }) => item.seq));
    const removals = this.channel.all.filter(({ event }) => event.type === 'removeHistory');
    const certain = removals.findLastIndex(({ seq }) => !parked.has(seq));
    const rows = [...(this.#rows()?.values() ?? [])];
    const due = removals
      .slice(Math.max(certain, 0))
      .map((removal) => Math.max(0, ...rows.filter(({ seq }) => seq < removal.seq).map(({ offset }) => offset)));
    const { removed = 0 } = this.chat.log.heads.get('general') ?? {};
    if (certain < 0) due.push(0);
    if (!due.includes(removed)) throw new Error(`${removed} messages are removed, and it should be ${due}`);
  }

  #reader(number: number): CarefulReader {
    const reader = this.readers[number % this.readers.length];
    if (!reader) throw new Error('a story has readers');
    return reader;
  }

  /** A client that is away, or was told to, asks for the channel. */
  async #come(reader: CarefulReader, from: Extract<Step, { step: 'come' }>['from']): Promise<void> {
    if (reader.connection !== undefined && !reader.isLost && !reader.hasLeft) return;
    const { chat } = this;
    const known = chat.connections.records.has(String(reader.connection));
    const connection = known && reader.connection !== undefined ? reader.connection : `c${++this.#connections}`;
    if (!known) await chat.connections.create(connectionOf(connection, { format: reader.format }));
    reader.connection = connection;
    const id = String(++this.#requests);
    const start = { epoch: '', offset: 0 };
    const since: Since | undefined =
      from === 'the start' ? start : from === 'where it stood' ? (reader.lastPosition ?? start) : undefined;
    const rewind = typeof from === 'number' && reader.format === 'json' ? from : undefined;
    const request = { id, ...(since && { since }), ...(rewind !== undefined && { rewind }) };
    const token = `s${id}`;
    reader.ask(request);
    await chat.connections.note(connection, { general: { token } }, 128);
    this.channel.send(
      subscribeEvent(connection, {
        ...request,
        format: reader.format,
        token,
        recoverable: true,
        connectedAt: chat.world.now(),
      }),
    );
  }

  async #leave(reader: CarefulReader): Promise<void> {
    const { connection, format } = reader;
    if (connection === undefined || reader.isLost || reader.hasLeft) return;
    reader.leave();
    const id = String(++this.#requests);
    const token = `u${id}`;
    const noted = await this.chat.connections.note(connection, { general: { token } }, 128);
    if (noted === 'noted') this.channel.send(unsubscribeEvent(connection, { id, format, token }));
  }

  #outside(): Outside {
    return {
      arrive: (connection, frame) => {
        const reader = this.readers.find((one) => one.connection === connection);
        if (!reader) return 'gone';
        // (thrown here, it would be a bug of the worker's to the worker)
        try {
          reader.read(frame);
        } catch (error) {
          this.#broken ??= error;
        }
        return 'delivered';
      },
      expire: () => this.#expire(1),
    };
  }

  /** What the delayed queue does: ends connections. */
  async #end(): Promise<void> {
    const { ends } = this.chat.later;
    for (; this.#ended < ends.length; this.#ended++) {
      const { connection = '', channel } = ends[this.#ended] ?? {};
      this.readers.find((reader) => reader.connection === connection)?.disconnected();
      await gone(this.chat, connection, channel);
    }
  }

  /** The oldest messages are over; those whose events are not done yet are young. */
  #expire(count: number): void {
    const rows = this.#rows();
    const waiting = this.channel.unfinished;
    const old = [...(rows?.values() ?? [])].filter((row) => row.expiresAt > 0 && !waiting.has(row.seq));
    for (const row of old.slice(0, count)) rows?.set(row.offset, { ...row, expiresAt: 0 });
  }

  #rows() {
    return this.chat.log.logs.get(`general ${this.chat.log.heads.get('general')?.epoch}`);
  }

  #truth(): Truth {
    const { log } = this.chat;
    const head = () => log.heads.get('general');
    return {
      idAt: (epoch, offset) => log.logs.get(`general ${epoch}`)?.get(offset)?.publication.id,
      get removed() {
        return head()?.removed ?? 0;
      },
      whyLost: ({ epoch, offset }) => {
        const { epoch: current = '', offset: newest = 0, removed = 0 } = head() ?? {};
        if (epoch !== current && !(epoch === '' && offset === 0)) return 'the epoch is another';
        if (offset > newest) return 'it is beyond the head';
        if (offset < Math.max(removed, newest - HISTORY_SIZE)) return 'it is not kept';
        const rows = this.#rows();
        for (let i = offset + 1; i <= newest; i++) if ((rows?.get(i)?.expiresAt ?? 0) === 0) return `${i} has expired`;
        return undefined;
      },
    };
  }

  async #check(reader: CarefulReader): Promise<void> {
    const { name, connection = '', position, hasLeft } = reader;
    const row = await this.chat.subscriptions.find('general', connection);
    const where = `${JSON.stringify({ position, row })}`;
    if (hasLeft) {
      if (row) throw new Error(`${name}: has left, and is a reader: ${where}`);
      return;
    }
    const head = this.chat.log.heads.get('general');
    if (!position) throw new Error(`${name}: waits for an answer for ever: ${where}`);
    if (position.epoch !== head?.epoch || position.offset !== head.offset) {
      throw new Error(`${name}: is left behind ${head?.offset}: ${where}`);
    }
    if (!row || row.cut || row.at !== undefined) throw new Error(`${name}: is no live reader: ${where}`);
  }
}

const reader = fc.nat(2);
const fault = fc.record({ call: fc.nat(18), kind: fc.constantFrom(...FAULTS) });
const work = fc.record({
  step: fc.constant('work' as const),
  most: fc.constantFrom(1, 1, 2, 4, 10),
  faults: fc.array(fault, { maxLength: 2 }),
});
const from = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('where it stood' as const, 'the start' as const) },
  { weight: 1, arbitrary: fc.oneof(fc.constant('now' as const), fc.nat(15)) },
);
const count = fc.integer({ min: 1, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant('publish' as const), count }) },
  { weight: 6, arbitrary: fc.record({ step: fc.constant('come' as const), reader, from }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('leave' as const), reader }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('vanish' as const), reader }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('remove' as const) }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('expire' as const), count }) },
  { weight: 8, arbitrary: work },
);

async function tell(formats: readonly FormatName[], before: number, steps: readonly Step[]): Promise<void> {
  const story = new Story(formats);
  await story.take({ step: 'publish', count: before });
  await story.take({ step: 'work', most: before, faults: [] });
  for (const one of steps) await story.take(one);
  await story.settle();
}

/** More of them, or the same each time, as in simulation.test.ts. */
const RUNS = Number(process.env.PARLEY_RUNS ?? 250);
const SEED = process.env.PARLEY_SEED;
/** It is only spent where the machine has much else to do. */
const PATIENCE_MS = 60_000;

describe('what a reader recovers and what it is pushed', () => {
  const formats = fc.array(fc.constantFrom<FormatName>('json', 'centrifuge'), { minLength: 1, maxLength: 3 });
  const steps = fc.array(step, { maxLength: 30, size: 'max' });

  it(
    'is the log from where it asked on, without a hole, until it is told otherwise',
    async () => {
      await fc.assert(fc.asyncProperty(formats, fc.integer({ min: 1, max: 10 }), steps, tell), {
        numRuns: RUNS,
        ...(SEED !== undefined && { seed: Number(SEED) }),
      });
    },
    PATIENCE_MS,
  );
});
