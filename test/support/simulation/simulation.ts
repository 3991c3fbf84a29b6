import { optionsOf } from '../../../lambdas/chat/channel.ts';
import type { Delivered, FormatName, Since } from '../../../lambdas/chat/channel-event.ts';
import type { Chat } from '../../../lambdas/chat/chat.ts';
import { gone } from '../../../lambdas/chat/departure.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { LaterItem } from '../../../lambdas/chat/later.ts';
import { hasHistory, type Namespaces } from '../../../lambdas/chat/namespace.ts';
import type { Connection, Outgoing, Trial } from '../../../lambdas/chat/ports.ts';
import { seqOf } from '../../../lambdas/chat/seq.ts';
import { MemoryLog } from '../memory-log.ts';
import { MemoryConnections, MemorySubscriptions } from '../memory-records.ts';
import { type Client, newClient, type Told } from './client.ts';
import type { Decisions } from './decisions.ts';
import { documentsOf } from './documents.ts';
import { SimulatedEventSources } from './simulated-event-sources.ts';
import { portsFor } from './simulated-ports.ts';
import { simulatedQueues } from './simulated-queues.ts';
import { SimulatedTime } from './simulated-time.ts';

/** A call to the outside that a function has made and that has not been carried out yet. */
interface Call {
  readonly actor: Actor;
  readonly name: string;
  readonly outcomes: readonly string[];
  readonly perform: (outcome: string) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A function at work. Dead, it makes no call any more. */
export interface Actor {
  readonly name: string;
  alive: boolean;
}

/** What a scenario has put wrong with an event: it kills whoever handles it, whoever posts it, or its handling throws. */
export type Poison = 'kills' | 'kills posting' | 'throws' | 'throws posting';

const NAMESPACES: Namespaces = {
  live: { allowSubscribeForClient: true, allowPublishForSubscriber: true },
  lobby: { historySize: 100, historyTtl: 3600, allowSubscribeForClient: true, joinLeave: true },
  '': { historySize: 100, historyTtl: 3600, allowSubscribeForClient: true, allowPublishForSubscriber: true },
};

/**
 * The real core on the pure queues and on tables in memory, where every outside call of a function waits until it is
 * decided when it is carried out, and what becomes of it: done, refused by AWS, a death before or after it, a post
 * without an answer. Time passes only when nothing else can happen.
 */
export class Simulation {
  readonly time = new SimulatedTime();
  readonly clients = new Map<string, Client>();
  readonly connections = new MemoryConnections();
  readonly subscriptions = new MemorySubscriptions();
  readonly log = new MemoryLog('events.fifo', () => this.time.now());
  readonly parked: Delivered[] = [];
  readonly refusals: string[] = [];
  /** Every event that the queue took, in order, with its number. */
  readonly events: (Delivered & { deaths: number; claims: number })[] = [];
  /** By the id of a message, or by the connection that subscribes. */
  readonly poison = new Map<string, Poison>();
  /** What happened, for the reader of a counterexample. */
  readonly trace: string[] = [];
  /** A scenario begins with suspects. */
  suspectedFromTheStart = false;
  /** What else happens when a frame comes to a client. */
  readonly onFrame: ((connection: string, documents: readonly Told[]) => void)[] = [];
  /** Messages that a reader was sent after they had been removed, and no event came back. */
  readonly removedAndSent: string[] = [];
  /** How large a message is in a frame, at least, in bytes. */
  documentBytes = 0;
  /** Every batch is handed over so late, ms after its receive: Lambda is throttled. */
  alwaysLateMs = 0;
  /** Calls that AWS will refuse, whatever is decided: how many more, of which port and method. */
  outage = { of: '', left: 0 };
  /** Throws of a bug that is not an event's: in all, and still to come. */
  throws = 0;
  throwsLeft = 0;
  /** Readers that a scenario began with, each behind its channel. */
  readonly thereFromTheStart = new Set<string>();
  /** Channels of which an event was received more than once: only there may a reader be sent something twice. */
  readonly repeats = new Set<string>();
  /** Functions that died or failed: whoever sent them a frame was told so by API Gateway. */
  readonly failed = new Set<string>();
  /** Client requests by their `id`, in the order in which they were made. */
  readonly asked: string[] = [];
  /** What they asked for, by their `id`. */
  readonly requests = new Map<string, { readonly channel: string; readonly since?: Since }>();
  deaths = 0;
  readonly namespaces: Namespaces;
  readonly #decisions: Decisions;
  readonly #calls: Call[] = [];
  readonly #queues = simulatedQueues(this.time, () => this.newId());
  /** What else happens when a function dies. */
  readonly onDeath = new Map<Actor, () => void>();
  /** What the workers have in hand. */
  readonly holding = new Map<Actor, readonly Delivered[]>();
  readonly #sources: SimulatedEventSources;
  #ids = 0;

  constructor(decisions: Decisions, namespaces = NAMESPACES) {
    this.#decisions = decisions;
    this.namespaces = namespaces;
    this.#sources = new SimulatedEventSources(this, decisions);
  }

  /** The channel queue. */
  get channelQueue() {
    return this.#queues.byArn('arn:events.fifo');
  }

  /** The delayed queue. */
  get laterQueue() {
    return this.#queues.byArn('arn:later');
  }

  /** A connection that is there, subscribed to these channels. */
  async connected(connection: string, ...channels: string[]): Promise<Client> {
    const client = this.#enter(connection, 'json');
    const tokens = Object.fromEntries(channels.map((channel) => [channel, `s-${connection}`]));
    await this.connections.create(this.record(connection, tokens));
    for (const channel of channels) {
      this.thereFromTheStart.add(`${channel} ${connection}`);
      const { epoch, offset } = this.headOf(channel);
      const from = { epoch, offset };
      await this.subscriptions.put(channel, {
        connection,
        user: connection,
        format: 'json',
        token: `s-${connection}`,
        ...(optionsOf(this.namespaces, channel).joinLeave && { joinLeave: true as const }),
        seq: '',
        from,
        expiresAt: Number.MAX_SAFE_INTEGER,
      });
      const shown = hasHistory(optionsOf(this.namespaces, channel)) ? from : {};
      client.told.push({ type: 'subscribed', id: `s-${connection}`, channel, ...shown });
    }
    return client;
  }

  /** An SDK's connection that is there, subscribed to nothing. */
  async sdk(connection: string): Promise<Client> {
    const client = this.#enter(connection, 'centrifuge');
    await this.connections.create({ ...this.record(connection), format: 'centrifuge' });
    return client;
  }

  #enter(connection: string, format: FormatName): Client {
    const client = newClient(true, format);
    this.clients.set(connection, client);
    return client;
  }

  /** A frame has come to a client. */
  arrive(connection: string, client: Client, frame: string): void {
    const documents = documentsOf(client.format, frame, (id) => this.requests.get(id)?.channel);
    client.frames.push([...documents]);
    client.told.push(...documents);
    for (const { type, channel = '', offset = 0, id } of documents) {
      if (type !== 'message' || this.repeats.has(channel)) continue;
      const removed = this.log.heads.get(channel)?.removed ?? 0;
      if (offset > 0 && offset <= removed) this.removedAndSent.push(`${connection}: ${id}`);
    }
    for (const happen of this.onFrame) happen(connection, documents);
  }

  record(connection: string, channels: Record<string, string> = {}): Connection {
    return { id: connection, user: connection, connectedAt: this.time.now(), format: 'json', channels, ends: {} };
  }

  /** The head of a channel, made where there is none. */
  headOf(channel: string) {
    const known = this.log.heads.get(channel);
    if (known) return known;
    const trial = { seq: '', failures: 0, after: false };
    const made = {
      epoch: 'epoch0',
      offset: 0,
      turn: 0,
      last: '',
      claimed: '',
      claimedAt: 0,
      suspect: '',
      trial,
      removed: 0,
      expiresAt: 9e12,
    };
    this.log.heads.set(channel, made);
    return made;
  }

  newId(): string {
    this.#ids++;
    return `i${this.#ids}`;
  }

  /** Whether one request of a client was made before another. */
  isBefore(request: string | undefined, other: string | undefined): boolean {
    return other !== undefined && this.asked.indexOf(String(request)) < this.asked.indexOf(other);
  }

  /** An event into its channel's queue, at once. */
  enqueue({ event, deduplicationId }: Outgoing): void {
    const text = JSON.stringify(event);
    const id = deduplicationId ?? `d${this.newId()}`;
    const { sequenceNumber } = this.channelQueue.send({ body: text, groupId: event.channel, deduplicationId: id });
    const seq = seqOf(String(sequenceNumber));
    if (this.events.some((known) => known.seq === seq && known.event.channel === event.channel)) return;
    this.events.push({ event, seq, receives: 0, deaths: 0, claims: 0 });
  }

  /** Starts a function: what it does with the core. */
  start(name: string, work: (chat: Chat, actor: Actor) => Promise<void>): Actor {
    const actor = { name, alive: true };
    void work(portsFor(this, actor), actor).then(
      () => this.trace.push(`${name} ends`),
      (error: unknown) => {
        this.trace.push(`${name} fails: ${error}`);
        this.failed.add(name);
        if (!(error instanceof Unavailable)) this.refusals.push(`${name}: ${error}`);
      },
    );
    return actor;
  }

  /** Runs until nothing can happen any more. Throws where that does not come. */
  async run(steps = 4_000): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await settled();
      this.time.ringDue();
      const moves = [...this.#calls.map((call) => () => this.#carryOut(call)), ...this.#sources.arrivals()];
      const move = moves[this.#decisions.move(moves.length)];
      if (move) await move();
      else if (!this.time.advance() && !this.#sweep()) return;
    }
    throw new Error(`it does not come to an end\n${this.trace.slice(-40).join('\n')}`);
  }

  /** Finds the connections that no `$disconnect` told of. */
  #sweep(): boolean {
    const lost = [...this.connections.records.keys()].filter((id) => !this.clients.get(id)?.open);
    for (const id of lost) this.start(`sweep(${id})`, (chat) => gone(chat, id));
    return lost.length > 0;
  }

  /** Ends a function at once: it makes no call any more, and what it had in hand comes back by itself. */
  kill(actor: Actor): void {
    actor.alive = false;
    this.trace.push(`${actor.name} DIES`);
    this.failed.add(actor.name);
    for (const item of this.holding.get(actor) ?? []) {
      const known = this.#known(item);
      if (known) known.deaths++;
    }
    this.holding.delete(actor);
    this.onDeath.get(actor)?.();
    const left = this.#calls.filter((call) => call.actor !== actor);
    this.#calls.splice(0, Number.POSITIVE_INFINITY, ...left);
  }

  #known(item: Delivered) {
    return this.events.find(({ seq, event }) => seq === item.seq && event.channel === item.event.channel);
  }

  /** Makes an outside call of a function: it is carried out when it is decided, and so is what becomes of it. */
  call<T>(
    actor: Actor,
    name: string,
    perform: (outcome: string) => Promise<T>,
    more: readonly string[] = [],
  ): Promise<T> {
    if (!actor.alive) return new Promise(() => undefined);
    const outcomes = ['done', 'DIES BEFORE', 'DIES AFTER', ...(more.length > 0 ? more : ['REFUSED'])];
    return new Promise<T>((resolve, reject) => {
      this.#calls.push({ actor, name, outcomes, perform, resolve: resolve as Call['resolve'], reject });
    });
  }

  async #carryOut(call: Call): Promise<void> {
    this.#calls.splice(this.#calls.indexOf(call), 1);
    const outcome = call.outcomes[this.#decisions.outcome(call.outcomes.length)] ?? 'done';
    this.trace.push(`${call.actor.name} ${call.name}${outcome === 'done' ? '' : ` ${outcome}`}`);
    if (this.outage.left > 0 && call.name.startsWith(this.outage.of)) {
      this.outage.left--;
      return call.reject(new Unavailable('simulated outage'));
    }
    if (outcome === 'REFUSED') return call.reject(new Unavailable('simulated'));
    if (outcome === 'DIES BEFORE') return this.#diesByFault(call.actor);
    try {
      const value = await call.perform(outcome);
      if (outcome === 'DIES AFTER') return this.#diesByFault(call.actor);
      call.resolve(value);
    } catch (error) {
      call.reject(error);
    }
  }

  #diesByFault(actor: Actor): void {
    this.deaths++;
    this.kill(actor);
  }

  /** A worker has claimed the channel of its batch. */
  noteClaim(actor: Actor, channel: string): void {
    for (const item of this.holding.get(actor) ?? []) {
      const known = item.event.channel === channel && this.#known(item);
      if (known) known.claims++;
    }
  }

  /** An event is on trial: it must have been in the hands of a worker that failed. */
  noteTrial(channel: string, { seq }: Trial): void {
    const known = this.events.find((event) => event.seq === seq && event.event.channel === channel);
    if (known && known.claims < 2 && !this.suspectedFromTheStart) {
      this.refusals.push(`${known.event.type} of ${channel} is on trial, and no worker has failed with it`);
    }
  }

  /** What handling a poisoned event does to its worker. */
  suffer(actor: Actor, what: string): void {
    const poison = this.poison.get(what);
    if (poison === 'throws' || this.throwsLeft-- > 0) throw new TypeError(`a bug with ${what}`);
    if (poison === 'kills' && actor.alive) this.kill(actor);
  }

  /** Into the delayed queue. */
  sendLater(item: LaterItem, delayMs: number): void {
    this.laterQueue.send({ body: JSON.stringify(item), delayMs });
  }
}

/** Resolves when every promise that can go on by itself has done so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
