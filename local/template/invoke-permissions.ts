import { matchesArnPattern } from '../iam/pattern.ts';
import { StartError } from '../start-error.ts';
import type { Resources } from './resources.ts';

/** Throws a StartError if API Gateway may not invoke the function from there; `path` says in the error who would. */
export type CheckInvocation = (functionArn: string, sourceArn: string, path: string) => void;

/**
 * Reads the permissions by which API Gateway may invoke functions. Without one, a deployed API answers
 * "Internal server error" on the route: better to be told at the start.
 */
export function readInvokePermissions(resources: Resources): CheckInvocation {
  const permissions = resources.of('AWS::Lambda::Permission').filter(({ properties }) => {
    const action = properties.text('Action');
    const forGateway = properties.text('Principal') === 'apigateway.amazonaws.com';
    return forGateway && (action === 'lambda:InvokeFunction' || action === 'lambda:*');
  });
  return (functionArn, sourceArn, path) => {
    const functionName = functionArn.split(':').at(-1) ?? '';
    const allowed = permissions.some(({ properties }) => {
      const ofFunction = [functionArn, functionName].includes(properties.text('FunctionName'));
      return ofFunction && (!properties.has('SourceArn') || matchesArnPattern(properties.text('SourceArn'), sourceArn));
    });
    if (!allowed) {
      throw new StartError(
        `${path}: no AWS::Lambda::Permission lets API Gateway invoke ${functionName} from ${sourceArn}.`,
      );
    }
  };
}
