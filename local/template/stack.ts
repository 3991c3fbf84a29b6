import type { StackDeclaration } from '../declarations.ts';
import type { Assembly } from './assembly.ts';
import { readAsynchronousInvocations } from './asynchronous-invocations.ts';
import { readEventSources } from './event-sources.ts';
import { readFunctions } from './functions.ts';
import { readHttpApis } from './http-apis.ts';
import { readPolicies } from './policies.ts';
import { readQueues } from './queues.ts';
import { readResources, type TemplateContext } from './resources.ts';
import { readSchedules } from './schedules.ts';
import { readSecrets } from './secrets.ts';
import { readTables } from './tables.ts';
import { readUserPools } from './user-pools.ts';
import { readWebSocketApis } from './web-socket-apis.ts';

/**
 * What a stack's template declares, with local names and addresses. Throws a StartError that names the logical id and
 * the path of what the local server does not know, unless leaving it out does no harm.
 */
export function readStack(assembly: Assembly, context: Omit<TemplateContext, 'stackName'>): StackDeclaration {
  const resources = readResources(assembly.template, { ...context, stackName: assembly.stackName });
  const functions = readFunctions(resources, assembly, readPolicies(resources));
  const queues = readQueues(resources);
  return {
    name: assembly.stackName,
    functions,
    tables: readTables(resources),
    queues,
    eventSources: readEventSources(resources, functions, queues),
    schedules: readSchedules(resources, functions),
    asynchronousInvocations: readAsynchronousInvocations(resources, functions),
    webSocketApis: readWebSocketApis(resources, functions),
    httpApis: readHttpApis(resources, functions),
    secrets: readSecrets(resources),
    userPools: readUserPools(resources),
    outputs: resources.outputs,
    skipped: resources.skipped,
  };
}
