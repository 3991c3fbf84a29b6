import { setImmediate as turn } from 'node:timers/promises';
import type { PublicationContext, Subscription } from 'centrifuge';
import { centrifugeErrors } from '../../lambdas/protocol/centrifuge-codes.ts';
import type { SdkClient, SdkEvent } from '../support/sdk-client.ts';
import { type Begun, type Message, type Participant, Refused } from './participant.ts';

/** The SDK, connected. */
export function sdkParticipant(client: SdkClient): Participant {
  const { centrifuge } = client;
  const subscriptions = new Map<string, Subscription>();
  let disconnects = 0;

  const eventsOf = (channel: string, ...names: readonly string[]) =>
    client.events.filter((event) => event.subscription && event.channel === channel && names.includes(event.event));
  const messages = (channel: string) => eventsOf(channel, 'publication').map(messageOf);

  /** The event of a subscription that comes next behind so many of its kind. */
  async function nextOf(channel: string, from: number, ...names: readonly string[]): Promise<SdkEvent> {
    const ended = () => client.events.findLast(({ event }) => event === 'disconnected');
    const before = ended();
    const what = `${names.join(' or ')} of ${channel}`;
    await client.until(() => eventsOf(channel, ...names).length > from || ended() !== before, what);
    const found = eventsOf(channel, ...names)[from];
    if (found) return found;
    throw refused(Number(ended()?.code), 'the connection was ended');
  }

  /** How subscriptions begin that have begun so often before. */
  async function allBegun(before: readonly (readonly [string, number])[]): Promise<ReadonlyMap<string, Begun>> {
    const begun = new Map<string, Begun>();
    for (const [channel, from] of before) begun.set(channel, begunOf(await nextOf(channel, from, 'subscribed')));
    return begun;
  }

  return {
    kind: 'sdk',
    async subscribe(channel, { since, token } = {}) {
      const from = eventsOf(channel, 'subscribed', 'unsubscribed').length;
      const subscription = client.subscription(channel, { ...(since && { since }), ...(token && { token }) });
      subscriptions.set(channel, subscription);
      subscription.subscribe();
      const answer = await nextOf(channel, from, 'subscribed', 'unsubscribed');
      if (answer.event === 'subscribed') return begunOf(answer);
      subscriptions.delete(channel);
      centrifuge.removeSubscription(subscription);
      throw refused(Number(answer.code), String(answer.reason));
    },
    async subscribeTogether(channels) {
      centrifuge.startBatching();
      for (const channel of channels) {
        const subscription = client.subscription(channel, { since: { epoch: '', offset: 0 } });
        subscriptions.set(channel, subscription);
        subscription.subscribe();
      }
      await turn();
      centrifuge.stopBatching();
      return allBegun(channels.map((channel) => [channel, 0]));
    },
    async unsubscribe(channel) {
      const subscription = subscriptions.get(channel);
      if (subscription === undefined) throw new Error(`it does not read ${channel}`);
      const answers = () => client.frames.filter((frame) => frame.includes('"unsubscribe":{}')).length;
      const before = answers();
      subscription.unsubscribe();
      // the SDK tells nobody of the answer
      await client.until(() => answers() > before, `the answer to unsubscribe ${channel}`);
      subscriptions.delete(channel);
      centrifuge.removeSubscription(subscription);
    },
    async publish(channel, data) {
      await orRefused(centrifuge.publish(channel, data));
    },
    async publishTogether(channel, all) {
      centrifuge.startBatching();
      const published = Promise.all(all.map((data) => orRefused(centrifuge.publish(channel, data))));
      // the SDK puts a command into the batch a little later than it is told to
      await turn();
      centrifuge.stopBatching();
      await published;
    },
    messages,
    untilMessages: (channel, count) =>
      client.until(() => messages(channel).length >= count, `${count} publications of ${channel}`),
    position(channel) {
      const [begun] = eventsOf(channel, 'subscribed').slice(-1);
      const { streamPosition } = begun as unknown as { streamPosition: { epoch: string; offset: number } };
      const offset = Math.max(streamPosition.offset, ...messages(channel).map((message) => Number(message.offset)));
      return { epoch: streamPosition.epoch, offset };
    },
    async history(channel, { limit, after, before }) {
      const since = after ?? before;
      const reverse = after === undefined;
      const options = { limit, reverse, ...(since && { since }) };
      const { epoch, offset, publications } = await orRefused(centrifuge.history(channel, options));
      const page = publications.map(messageOf);
      return { epoch, offset, messages: reverse ? page.toReversed() : page };
    },
    async presence(channel) {
      const { clients } = await orRefused(centrifuge.presence(channel));
      const byUser = Map.groupBy(Object.values(clients), ({ user }) => user);
      return new Map([...byUser].map(([user, connections]) => [user, connections.length]));
    },
    async kill() {
      const before = client.events.length;
      client.kill();
      await client.until(
        () => client.events.slice(before).some(({ event, subscription }) => event === 'connecting' && !subscription),
        'that it notices',
      );
    },
    async comeBack() {
      const before = [...subscriptions.keys()].map((of) => [of, eventsOf(of, 'subscribed').length] as const);
      client.comeBack();
      return allBegun(before);
    },
    async untilUnsubscribed(channel) {
      const told = await client.next(
        ({ event, channel: of, code, subscription }) =>
          subscription === true && of === channel && Number(code) >= 2000 && /^(un)?subscri/.test(event),
      );
      if (told.event === 'unsubscribed') return { code: Number(told.code) };
      const from = client.events.indexOf(told);
      const again = await client.next(
        (event) => event.event === 'subscribed' && event.channel === channel && client.events.indexOf(event) > from,
      );
      return { code: Number(told.code), again: begunOf(again) };
    },
    async untilDisconnected() {
      const ends = () =>
        client.events.filter(
          ({ event, code, subscription }) =>
            !subscription && ['disconnected', 'connecting'].includes(event) && Number(code) >= 3000,
        );
      const from = disconnects++;
      await client.until(() => ends().length > from, 'the end of the connection');
      return Number(ends()[from]?.code);
    },
    close: () => client.close(),
  };
}

/** The plain protocol's name of a code. */
function refused(code: number, message: string): Refused {
  const [name = String(code)] = Object.entries(centrifugeErrors).find(([, error]) => error.code === code) ?? [];
  return new Refused(name, message);
}

const orRefused = <T>(answer: Promise<T>): Promise<T> =>
  answer.catch(({ code, message }) => {
    throw refused(code, message);
  });

function begunOf({ streamPosition, wasRecovering, recovered }: SdkEvent): Begun {
  const position = streamPosition as { readonly epoch: string } | undefined;
  return {
    ...(position && { epoch: position.epoch }),
    ...(wasRecovering === true && { recovered: recovered === true }),
  };
}

function messageOf(publication: SdkEvent | PublicationContext): Message {
  const { data, info, offset, tags } = publication as PublicationContext;
  return { data, ...(info && { user: info.user }), ...(offset && { offset }), ...(tags && { tags }) };
}
