import { withVariables } from '../support/changed-template.ts';
import { useParley } from '../support/parley.ts';
import { idle } from './idle.ts';
import { APP, LOCAL, localHost } from './local-host.ts';
import { tryScenarios } from './suite.ts';

const idleTimeoutMs = 8_000;

const parley = useParley({
  app: APP,
  gateway: { idleTimeoutMs },
  scheduleMinuteMs: 1_000,
  wrappers: { Connect: new URL('aged-connect.ts', import.meta.url) },
  changeTemplate: (template) =>
    ['Sweep', 'Commands'].reduce((changed, id) => withVariables(changed, id, { PING_INTERVAL: '1' }), template),
});

tryScenarios({ 'a silent connection': idle }, LOCAL, () => ({ ...localHost(parley), idleTimeoutMs }));
