import type { NotedRequest } from '../chat/ports.ts';
import { endAttribute } from './connection-item.ts';

/** Requests by channel, as a list. */
export type Requests = readonly (readonly [channel: string, request: NotedRequest])[];

/** The part of an update that says when subscriptions end: assignments of SET, with their names and values. */
export interface Ends {
  readonly places: readonly string[];
  /** By placeholder, with its `#`. */
  readonly names: Readonly<Record<string, string>>;
  /** By placeholder, without its `:`. */
  readonly values: Readonly<Record<string, unknown>>;
}

const NONE: Ends = { places: [], names: {}, values: {} };

/** What is to be set for requests whose subscriptions end by themselves. */
export function endsOf(requests: Requests): Ends {
  const ending = requests.filter(([, { expires }]) => expires !== undefined);
  if (ending.length === 0) return NONE;
  return {
    places: [...ending.map((_, i) => `#e${i} = :e${i}`), '#hasEnds = :hasEnds'],
    names: Object.fromEntries(ending.map(([channel], i) => [`#e${i}`, endAttribute(channel)])),
    values: {
      ...Object.fromEntries(ending.map(([, { token, expires }], i) => [`e${i}`, `${token} ${expires}`])),
      hasEnds: true,
    },
  };
}

/** The requests whose subscriptions end by themselves, in parts of so many. */
export function endingParts(requests: Requests, most: number): Requests[] {
  const ending = requests.filter(([, { expires }]) => expires !== undefined);
  return Array.from({ length: Math.ceil(ending.length / most) }, (_, i) => ending.slice(i * most, (i + 1) * most));
}
