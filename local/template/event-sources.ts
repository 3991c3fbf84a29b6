import type { EventSourceDeclaration, FunctionDeclaration, QueueDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Resource, Resources } from './resources.ts';

/** The template's event source mappings that are enabled. Each must lead from one of its queues to one of its functions. */
export function readEventSources(
  resources: Resources,
  functions: readonly FunctionDeclaration[],
  queues: readonly QueueDeclaration[],
): EventSourceDeclaration[] {
  return resources
    .of('AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => properties.flag('Enabled', true))
    .map((resource) => readEventSource(resource, functions, queues));
}

function readEventSource(
  { logicalId, properties }: Resource,
  functions: readonly FunctionDeclaration[],
  queues: readonly QueueDeclaration[],
): EventSourceDeclaration {
  const queueArn = properties.text('EventSourceArn');
  const functionName = properties.text('FunctionName');
  const target = functions.find(({ arn, name }) => arn === functionName || name === functionName);
  if (target === undefined) throw new StartError(`${properties.pathOf('FunctionName')}: no function ${functionName}.`);
  if (!queues.some(({ arn }) => arn === queueArn)) {
    throw new StartError(
      `${properties.pathOf('EventSourceArn')}: only the template's queues are known, not ${queueArn}.`,
    );
  }
  const scaling = properties.part('ScalingConfig');
  return {
    logicalId,
    queueArn,
    functionArn: target.arn,
    batchSize: properties.number('BatchSize', 10),
    ...(scaling?.has('MaximumConcurrency') && { maximumConcurrency: scaling.number('MaximumConcurrency') }),
    reportBatchItemFailures: properties.texts('FunctionResponseTypes').includes('ReportBatchItemFailures'),
  };
}
