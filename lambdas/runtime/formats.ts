import type { Chat } from '../chat/chat.ts';
import { longestSilence } from '../chat/sweep.ts';
import { centrifugeFormat } from '../protocol/centrifuge-format.ts';
import { jsonFormat } from '../protocol/json.ts';
import { numberSetting } from './settings.ts';
import { world } from './world.ts';

/** How documents are written, for each kind of client. */
export const formats: Chat['formats'] = formatsWith();

/** The same for those who answer `connect`, which promises the pings of the sweep. */
export const formatsWithPings = (): Chat['formats'] => formatsWith(longestSilence(numberSetting('PING_INTERVAL')));

function formatsWith(pingSeconds?: number): Chat['formats'] {
  return { json: jsonFormat, centrifuge: centrifugeFormat({ now: world.now, pingSeconds }) };
}
