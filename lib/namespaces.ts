// biome-ignore lint/style/noRestrictedImports: types only
import type { NamespaceOptions, Namespaces } from '../lambdas/chat/namespace.ts';
import { nearestName } from './nearest-name.ts';
import { seconds, type Time } from './time.ts';
import { wholeNumber } from './whole-number.ts';

/**
 * What a namespace allows and keeps: Centrifugo's options of the same names, in camelCase. Unlike there, what is allowed
 * `ForClient` is allowed to anonymous users, too: whether there are any is the stack's `allowAnonymous`.
 */
export interface NamespaceProps extends Omit<NamespaceOptions, 'historyTtl' | 'historyMetaTtl'> {
  /**
   * How long a message is kept. History needs both this and `historySize`.
   * @default - no history
   */
  readonly historyTtl?: Time;
  /**
   * How long a channel's position is remembered after its last use; at least `historyTtl` and 2 h 10 min, so that it
   * outlives each message and each connection.
   * @default - 30 days, or that least where it is more
   */
  readonly historyMetaTtl?: Time;
}

/** Namespaces by name; `''` is the one of channels without `:` in their names. */
export type NamespacesProps = Readonly<Record<string, NamespaceProps>>;

/** As in Centrifugo; with `:` and a letter it fits the 255 characters of a channel's name. */
const NAME = /^[-a-zA-Z0-9_.]{2,253}$/;
const DAY = 24 * 60 * 60;
/** What no connection's record outlives: 2 hours, and some. */
const CONNECTION = 130 * 60;
/** Of the 4 KB that Lambda has for a function's environment; the rest is for what else it is told. */
const ROOM = 2400;

const OPTIONS: Readonly<Record<keyof NamespaceOptions, 'size' | 'time' | 'switch'>> = {
  historySize: 'size',
  historyTtl: 'time',
  historyMetaTtl: 'time',
  presence: 'switch',
  joinLeave: 'switch',
  forceRecovery: 'switch',
  allowSubscribeForClient: 'switch',
  allowPublishForSubscriber: 'switch',
  allowPublishForClient: 'switch',
  allowHistoryForSubscriber: 'switch',
  allowHistoryForClient: 'switch',
  allowPresenceForSubscriber: 'switch',
  allowPresenceForClient: 'switch',
  allowUserLimitedChannels: 'switch',
};

/**
 * Checks namespaces and answers them as the functions read them: times in seconds, defaults filled in, what is off
 * left out. Throws an `Error` that names the option, what it was given, and what is allowed.
 */
export function resolveNamespaces(namespaces: NamespacesProps): Namespaces {
  const resolved = Object.fromEntries(
    Object.entries(namespaces).map(([name, options]) => [checkedName(name), resolveOptions(name, options)]),
  );
  const size = Buffer.byteLength(JSON.stringify(resolved));
  if (size > ROOM) {
    throw new Error(
      `namespaces: take ${size} bytes of a function's environment, ${ROOM} are allowed; let channels share a namespace`,
    );
  }
  return resolved;
}

function checkedName(name: string): string {
  if (name === '' || NAME.test(name)) return name;
  throw new Error(
    `namespaces: '${name}' is no name of a namespace: 2 to 253 of a-z, A-Z, 0-9, '-', '_' and '.', or '' for the ` +
      "unnamed one (a channel's name is 'namespace:rest')",
  );
}

function resolveOptions(namespace: string, props: NamespaceProps): NamespaceOptions {
  const path = (option: string) => `namespaces['${namespace}'].${option}`;
  const given = Object.entries(props).filter(([, value]) => value !== undefined);
  const options: NamespaceOptions = Object.fromEntries(
    given.map(([option, value]) => [option, checkedOption(path(option), option, value)]),
  );

  const { historySize = 0, historyTtl = 0, historyMetaTtl, ...switches } = options;
  if (historySize > 0 && historyTtl === 0) {
    throw new Error(`${path('historyTtl')}: is missing: historySize ${historySize} needs a time, at least 1 second`);
  }
  if (historyTtl > 0 && historySize === 0) {
    throw new Error(`${path('historySize')}: is missing: historyTtl ${historyTtl} needs a size, at least 1`);
  }
  if (switches.forceRecovery && historySize === 0) {
    throw new Error(`${path('forceRecovery')}: is true: only allowed with historySize and historyTtl`);
  }
  const least = historyTtl + CONNECTION;
  if (historyMetaTtl !== undefined && historyMetaTtl < least) {
    throw new Error(
      `${path('historyMetaTtl')}: is ${historyMetaTtl}: at least ${least} seconds is allowed, historyTtl and 2 h 10 min`,
    );
  }
  return {
    ...(historySize > 0 && { historySize, historyTtl }),
    historyMetaTtl: historyMetaTtl ?? Math.max(30 * DAY, least),
    ...Object.fromEntries(Object.entries(switches).filter(([, on]) => on)),
  };
}

function checkedOption(path: string, option: string, value: unknown): number | boolean {
  switch (Object.hasOwn(OPTIONS, option) ? OPTIONS[option as keyof NamespaceOptions] : undefined) {
    case 'size':
      return wholeNumber(path, value, { min: 0, max: 1_000_000 });
    case 'time':
      return seconds(path, value as Time, { min: 0, max: 3650 * DAY });
    case 'switch':
      if (typeof value === 'boolean') return value;
      throw new Error(`${path}: is ${JSON.stringify(value)}: true and false are allowed`);
    case undefined:
      throw new Error(unknownOption(path, option));
  }
}

function unknownOption(path: string, option: string): string {
  const known = Object.keys(OPTIONS);
  const meant = nearestName(option, known);
  return `${path}: is no option${meant === undefined ? '' : `, did you mean ${meant}?`}; allowed: ${known.join(', ')}`;
}
