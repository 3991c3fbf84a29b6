import { matchesArnPattern } from '../iam/pattern.ts';
import { StartError } from '../start-error.ts';
import type { Resources } from './resources.ts';

/** A service of AWS that invokes functions: the principal of a permission, and what to call it. */
export interface Invoker {
  readonly principal: string;
  readonly name: string;
}

const API_GATEWAY: Invoker = { principal: 'apigateway.amazonaws.com', name: 'API Gateway' };

/** Throws a StartError if the service may not invoke the function from there; `path` says in the error who would. */
export type CheckInvocation = (functionArn: string, sourceArn: string, path: string) => void;

/**
 * Reads the permissions by which a service, API Gateway where no other is named, may invoke functions. Without one, a
 * deployed API answers "Internal server error" on the route, and a schedule does nothing: better to be told at the start.
 */
export function readInvokePermissions(resources: Resources, invoker: Invoker = API_GATEWAY): CheckInvocation {
  const permissions = resources.of('AWS::Lambda::Permission').filter(({ properties }) => {
    const action = properties.text('Action');
    const forInvoker = properties.text('Principal') === invoker.principal;
    return forInvoker && (action === 'lambda:InvokeFunction' || action === 'lambda:*');
  });
  return (functionArn, sourceArn, path) => {
    const functionName = functionArn.split(':').at(-1) ?? '';
    const allowed = permissions.some(({ properties }) => {
      const ofFunction = [functionArn, functionName].includes(properties.text('FunctionName'));
      return ofFunction && (!properties.has('SourceArn') || matchesArnPattern(properties.text('SourceArn'), sourceArn));
    });
    if (!allowed) {
      throw new StartError(
        `${path}: no AWS::Lambda::Permission lets ${invoker.name} invoke ${functionName} from ${sourceArn}.`,
      );
    }
  };
}
