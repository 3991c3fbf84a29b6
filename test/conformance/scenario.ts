import type { Host } from './host.ts';
import type { ClientKind } from './participant.ts';
import type { Stage } from './stage.ts';

/** Who takes part: `frames` is the Centrifugo protocol written by hand, on a bare socket. */
export type Clients = ClientKind | 'plain and sdk' | 'frames' | 'server API';

/** Something that must hold wherever Parley runs. */
export interface Scenario {
  /** Goes on from the name of its topic. */
  readonly sentence: string;
  readonly clients: Clients;
  /** It needs the namespaces and the open handshake of app.ts. */
  readonly needsApp: boolean;
  /** The hosts on which alone it can be tried. @default all */
  readonly hosts?: readonly Host['name'][];
  readonly run: (stage: Stage) => Promise<void>;
}

/** What a scenario asks of its host. */
type Needs = Partial<Pick<Scenario, 'needsApp' | 'hosts'>>;

/** A scenario of certain clients. */
export const scenario = (
  clients: Clients,
  sentence: string,
  run: Scenario['run'],
  { needsApp = false, ...needs }: Needs = {},
): Scenario => ({ sentence, clients, needsApp, ...needs, run });

/** A scenario that is written once for both kinds of clients. */
export const forBoth = (
  sentence: string,
  run: (stage: Stage, kind: ClientKind) => Promise<void>,
  needs: Needs = {},
): Scenario[] =>
  (['plain', 'sdk'] as const).map((kind) => scenario(kind, sentence, (stage) => run(stage, kind), needs));

/** Whether a scenario can be tried on a host. */
export const fits = ({ needsApp, hosts }: Scenario, host: Pick<Host, 'name' | 'isConformanceApp'>): boolean =>
  (hosts === undefined || hosts.includes(host.name)) && (!needsApp || host.isConformanceApp);
