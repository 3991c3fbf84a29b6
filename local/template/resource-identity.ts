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

/** Says by what names a resource is referred to. */
export type Identify = (resource: Identified) => ResourceIdentity;

function nameOf({ given, stackName, logicalId }: Identified, property: string, maximum: number): string {
  return given(property) ?? physicalName(stackName, logicalId, maximum);
}

/** Of a Lambda function: its name; `Arn`. */
export const functionIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'FunctionName', 64);
  return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
};

/** Of a DynamoDB table: its name; `Arn`. */
export const tableIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'TableName', 255);
  return { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`) } };
};

/** Of an SQS queue: its URL; `Arn`, `QueueName`, `QueueUrl`. */
export const queueIdentity: Identify = (resource) => {
  const fifo = resource.given('FifoQueue') === 'true';
  const generated = `${physicalName(resource.stackName, resource.logicalId, fifo ? 75 : 80)}${fifo ? '.fifo' : ''}`;
  const name = resource.given('QueueName') ?? generated;
  const url = `${resource.endpointUrl}/${ACCOUNT}/${name}`;
  return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
};

/** Of an IAM role: its name; `Arn`, `RoleId`. */
export const roleIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'RoleName', 64);
  const id = `AROA${generatedId(resource.stackName, resource.logicalId, 17).toUpperCase()}`;
  return { ref: name, attributes: { Arn: iamArn(`role/${name}`), RoleId: id } };
};

/** Of a managed policy: its ARN. */
export const managedPolicyIdentity: Identify = (resource) => {
  const policyArn = iamArn(`policy/${nameOf(resource, 'ManagedPolicyName', 128)}`);
  return { ref: policyArn, attributes: { PolicyArn: policyArn } };
};

/** Of a WebSocket or HTTP API: its id; `ApiId`, `ApiEndpoint`. */
export const apiIdentity: Identify = ({ stackName, logicalId, given }) => {
  const apiId = generatedId(stackName, logicalId, 10);
  const scheme = given('ProtocolType') === 'HTTP' ? 'https' : 'wss';
  return {
    ref: apiId,
    attributes: { ApiId: apiId, ApiEndpoint: `${scheme}://${apiId}.execute-api.${REGION}.amazonaws.com` },
  };
};

/** Of a stage: its name. */
export const stageIdentity: Identify = (resource) => ({ ref: nameOf(resource, 'StageName', 128), attributes: {} });

/** Of a secret: its ARN. */
export const secretIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'Name', 512);
  const secretArn = arn('secretsmanager', `secret:${name}-${generatedId(resource.stackName, resource.logicalId, 6)}`);
  return { ref: secretArn, attributes: { Id: secretArn } };
};

/** Of a user pool: its id; `Arn` and what its issuer is called. */
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

/** Of a client of a user pool: its id. */
export const userPoolClientIdentity: Identify = ({ userPool: { clientId } }) => ({
  ref: clientId,
  attributes: { ClientId: clientId },
});

/** Of the domain of a user pool: its prefix. */
export const userPoolDomainIdentity: Identify = (resource) => ({ ref: nameOf(resource, 'Domain', 63), attributes: {} });

/** Of a rule of EventBridge's default bus: its name; `Arn`. */
export const ruleIdentity: Identify = (resource) => {
  const name = nameOf(resource, 'Name', 64);
  return { ref: name, attributes: { Arn: arn('events', `rule/${name}`) } };
};

/** Of a log group: its name; `Arn`. */
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
