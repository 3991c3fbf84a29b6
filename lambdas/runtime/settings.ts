import type { Limits } from '../chat/chat.ts';
import type { Namespaces } from '../chat/namespace.ts';

/** A setting that the stack has given the function. Throws where it has not. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the function's environment has no ${name}`);
  return value;
}

/** A setting that is a number. */
export const numberSetting = (name: string): number => Number(setting(name));

/** What the namespaces allow and keep. */
export const namespaces = (): Namespaces => JSON.parse(setting('NAMESPACES'));

/** The limits for those who publish and subscribe. */
export const limits = (): Limits => ({
  messageBytes: numberSetting('MAX_MESSAGE_BYTES'),
  channels: numberSetting('MAX_CHANNELS'),
  backlog: numberSetting('MAX_BACKLOG'),
});
