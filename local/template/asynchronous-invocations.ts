import type { AsynchronousInvocationDeclaration, FunctionDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import type { Resource, Resources } from './resources.ts';

/**
 * The template's settings for asynchronous invocations, with Lambda's defaults for what they do not say. A destination
 * for events that failed is left out: what is given up is told at the terminal.
 */
export function readAsynchronousInvocations(
  resources: Resources,
  functions: readonly FunctionDeclaration[],
): AsynchronousInvocationDeclaration[] {
  return resources.of('AWS::Lambda::EventInvokeConfig').map((resource) => readOne(resource, functions));
}

function readOne(
  { properties }: Resource,
  functions: readonly FunctionDeclaration[],
): AsynchronousInvocationDeclaration {
  const given = properties.text('FunctionName');
  const target = functions.find(({ arn, name }) => arn === given || name === given);
  if (target === undefined) throw new StartError(`${properties.pathOf('FunctionName')}: no function ${given}.`);
  const qualifier = properties.text('Qualifier');
  if (qualifier !== '$LATEST') {
    throw new StartError(`${properties.pathOf('Qualifier')}: the local server knows $LATEST alone, not ${qualifier}.`);
  }
  const destinations = properties.part('DestinationConfig');
  if (destinations?.has('OnSuccess')) {
    throw new StartError(`${destinations.pathOf('OnSuccess')}: the local server passes no result on.`);
  }
  return {
    functionArn: target.arn,
    maximumRetries: properties.number('MaximumRetryAttempts', 2),
    maximumAgeMs: properties.number('MaximumEventAgeInSeconds', 21_600) * 1000,
  };
}
