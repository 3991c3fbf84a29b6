import { ACCOUNT, arn, generatedId, iamArn, physicalName, REGION } from './names.ts';

/** What `Ref` and `Fn::GetAtt` of a resource give. */
export interface ResourceIdentity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What an identity is made of. */
interface Identified {
  readonly stackName: string;
  readonly logicalId: string;
  /** The property's text where the template gives one. */
  readonly given: (property: string) => string | undefined;
  /** What queue URLs begin with. */
  readonly endpointUrl: string;
  /** Of the local issuer. */
  readonly userPool: { readonly id: string; readonly clientId: string };
}

export type Identify = (resource: Identified) => ResourceIdentity;

function nameOf({ given, stackName, logicalId }: Identified, property: string, maximum: number): string {
  return given(property) ?? physicalName(stackName, logicalId, maximum);
}

export const functionIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'FunctionName', 64);
  return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
};

export const tableIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'TableName', 255);
  return { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`) } };
};

export const queueIdentity: Identify = (resource) => {
  const fifo = resource.given('FifoQueue') === 'true';
  const generated = `${physicalName(resource.stackName, resource.logicalId, fifo ? 75 : 80)}${fifo ? '.fifo' : ''}`;
  const name = resource.given('QueueName') ?? generated;
  const url = `${resource.endpointUrl}/${ACCOUNT}/${name}`;
  return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
};

export const roleIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'RoleName', 64);
  const id = `AROA${generatedId(resource.stackName, resource.logicalId, 17).toUpperCase()}`;
  return { ref: name, attributes: { Arn: iamArn(`role/${name}`), RoleId: id } };
};

export const managedPolicyIdentity: Identify = (resource) => {
  const policyArn = iamArn(`policy/${nameOf(resource, 'ManagedPolicyName', 128)}`);
  return { ref: policyArn, attributes: { PolicyArn: policyArn } };
};

export const apiIdentity: Identify = ({ stackName, logicalId }) => {
  const apiId = generatedId(stackName, logicalId, 10);
  return {
    ref: apiId,
    attributes: { ApiId: apiId, ApiEndpoint: `wss://${apiId}.execute-api.${REGION}.amazonaws.com` },
  };
};

export const stageIdentity: Identify = (resource) => ({ ref: nameOf(resource, 'StageName', 128), attributes: {} });

export const secretIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'Name', 512);
  const secretArn = arn('secretsmanager', `secret:${name}-${generatedId(resource.stackName, resource.logicalId, 6)}`);
  return { ref: secretArn, attributes: { Id: secretArn } };
};

export const userPoolIdentity: Identify = ({ userPool: { id } }) => {
  const provider = `cognito-idp.${REGION}.amazonaws.com/${id}`;
  return {
    ref: id,
    attributes: {
      UserPoolId: id,
      Arn: arn('cognito-idp', `userpool/${id}`),
      ProviderName: provider,
      ProviderURL: `https://${provider}`,
    },
  };
};

export const userPoolClientIdentity: Identify = ({ userPool: { clientId } }) => ({
  ref: clientId,
  attributes: { ClientId: clientId },
});

export const userPoolDomainIdentity: Identify = (resource) => ({ ref: nameOf(resource, 'Domain', 63), attributes: {} });

export const logGroupIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'LogGroupName', 512);
  return { ref: name, attributes: { Arn: arn('logs', `log-group:${name}:*`) } };
};

/** An identity that only other resources of the same service refer to: the logical id itself. */
export function internalIdentity(...attributes: readonly string[]): Identify {
  return ({ logicalId }) => ({
    ref: logicalId,
    attributes: Object.fromEntries(attributes.map((attribute) => [attribute, logicalId])),
  });
}
