import { ParleyError } from './errors.ts';
import type { NamespaceOptions, Namespaces } from './namespace.ts';

/** A channel whose name is valid and whose namespace is configured. */
export interface Channel {
  readonly name: string;
  readonly options: NamespaceOptions;
  /** Who may use it, where the name lists its users after a `#`. */
  readonly users?: readonly string[];
  /** Starts with `$`: only a subscription token opens it. */
  readonly needsToken: boolean;
}

const LONGEST = 255;
/** Printable ASCII without space; `*`, `/` and `&` are reserved (Centrifugo's channel rules). */
const ALLOWED = /^[!-~]+$/;
const RESERVED = /[*/&]/;

/**
 * The channel of a name as a client gave it.
 *
 * Throws `bad_request` for what is no channel name and `unknown_channel` for a namespace that is not configured.
 */
export function channelNamed(namespaces: Namespaces, name: string): Channel {
  if (name.length > LONGEST) throw new ParleyError('bad_request', `channel: at most ${LONGEST} characters`);
  if (!ALLOWED.test(name)) throw new ParleyError('bad_request', 'channel: printable ASCII without spaces');
  if (RESERVED.test(name)) throw new ParleyError('bad_request', 'channel: "*", "/" and "&" are reserved');
  const needsToken = name.startsWith('$');
  const options = lookUp(namespaces, namespaceOf(name));
  if (options === undefined) throw new ParleyError('unknown_channel', `channel: no namespace "${namespaceOf(name)}"`);
  const boundary = name.lastIndexOf('#');
  return { name, options, needsToken, ...(boundary >= 0 && { users: name.slice(boundary + 1).split(',') }) };
}

/**
 * The options of a channel whose event is handled. Its name was checked when the event was accepted;
 * a namespace that was taken out of the configuration since then has no options.
 */
export const optionsOf = (namespaces: Namespaces, name: string): NamespaceOptions =>
  lookUp(namespaces, namespaceOf(name)) ?? {};

const lookUp = (namespaces: Namespaces, name: string): NamespaceOptions | undefined =>
  Object.hasOwn(namespaces, name) ? namespaces[name] : undefined;

/** `chat` of `chat:general` and of `$chat:general`; `''` where there is no `:`. */
function namespaceOf(name: string): string {
  const from = name.startsWith('$') ? 1 : 0;
  const colon = name.indexOf(':');
  return colon < from ? '' : name.slice(from, colon);
}
