import {
  apiIdentity,
  functionIdentity,
  type Identify,
  internalIdentity,
  logGroupIdentity,
  managedPolicyIdentity,
  queueIdentity,
  roleIdentity,
  ruleIdentity,
  secretIdentity,
  stageIdentity,
  tableIdentity,
  userPoolClientIdentity,
  userPoolDomainIdentity,
  userPoolIdentity,
} from './resource-identity.ts';

/**
 * How a type of resource is taken: which properties are served, which are ignored and why that does no harm (one reason
 * for all others, or one for each), or why all of it is skipped. With any other property the server does not start.
 */
export type ResourceType =
  | {
      readonly identify: Identify;
      readonly served: readonly string[];
      readonly ignored: string | Readonly<Record<string, string>>;
    }
  | { readonly identify: Identify; readonly skipped: string };

const COST = 'it only concerns the bill';
const AT_REST = 'nothing is encrypted on a laptop';
const OPERATIONS = 'there is nobody to operate a laptop';
const TAGS = { Tags: COST, Description: OPERATIONS };
const LOCAL_ISSUER = 'the local issuer signs tokens for whoever is asked for';
const PERMISSION_OF_RESOURCE = 'local calls are allowed by the policies of the caller alone';
const NO_HTTP_AUTHORIZERS = 'the authorizers of HTTP APIs are refused, whatever else they say';

function skip(why: string, identify: Identify = internalIdentity()): ResourceType {
  return { identify, skipped: why };
}

/** Every type of resource that the local server knows, and what it takes of each. */
export const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::Lambda::Function': {
    identify: functionIdentity,
    served: ['Code', 'Handler', 'Runtime', 'Role', 'Timeout', 'MemorySize', 'Environment', 'PackageType'],
    ignored: {
      ...TAGS,
      FunctionName: 'it is taken as the name',
      Architectures: 'JavaScript runs on any',
      LoggingConfig: 'logs go to the terminal',
      TracingConfig: OPERATIONS,
      RecursiveLoop: 'chains are not stopped locally',
      EphemeralStorage: 'the laptop’s own disk is there',
      RuntimeManagementConfig: OPERATIONS,
      ReservedConcurrentExecutions: 'the ceiling is the local server’s own',
      SnapStart: COST,
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    identify: internalIdentity('Id'),
    served: ['EventSourceArn', 'FunctionName', 'BatchSize', 'ScalingConfig', 'FunctionResponseTypes', 'Enabled'],
    ignored: { ...TAGS, MetricsConfig: OPERATIONS, LoggingConfig: OPERATIONS },
  },
  'AWS::Lambda::Permission': {
    identify: internalIdentity('Id'),
    served: ['Action', 'FunctionName', 'Principal', 'SourceArn'],
    ignored: { SourceAccount: 'there is one account' },
  },
  'AWS::Lambda::EventInvokeConfig': {
    identify: internalIdentity(),
    served: ['FunctionName', 'Qualifier', 'MaximumRetryAttempts', 'MaximumEventAgeInSeconds', 'DestinationConfig'],
    ignored: {},
  },
  'AWS::Events::Rule': {
    identify: ruleIdentity,
    served: ['ScheduleExpression', 'State', 'Targets', 'EventBusName'],
    ignored: { ...TAGS, Name: 'it is taken as the name' },
  },
  'AWS::DynamoDB::Table': {
    identify: tableIdentity,
    served: [
      'AttributeDefinitions',
      'KeySchema',
      'BillingMode',
      'ProvisionedThroughput',
      'GlobalSecondaryIndexes',
      'LocalSecondaryIndexes',
      'TimeToLiveSpecification',
    ],
    ignored: {
      ...TAGS,
      TableName: 'it is taken as the name',
      SSESpecification: AT_REST,
      PointInTimeRecoverySpecification: OPERATIONS,
      DeletionProtectionEnabled: OPERATIONS,
      ContributorInsightsSpecification: OPERATIONS,
      OnDemandThroughput: COST,
      WarmThroughput: COST,
      TableClass: COST,
    },
  },
  'AWS::DynamoDB::GlobalTable': {
    identify: tableIdentity,
    served: [
      'AttributeDefinitions',
      'KeySchema',
      'BillingMode',
      'GlobalSecondaryIndexes',
      'LocalSecondaryIndexes',
      'TimeToLiveSpecification',
    ],
    ignored: {
      ...TAGS,
      TableName: 'it is taken as the name',
      Replicas: 'there is one region',
      SSESpecification: AT_REST,
      WriteOnDemandThroughputSettings: COST,
      WriteProvisionedThroughputSettings: COST,
      WarmThroughput: COST,
    },
  },
  'AWS::SQS::Queue': {
    identify: queueIdentity,
    served: [
      'FifoQueue',
      'ContentBasedDeduplication',
      'DeduplicationScope',
      'VisibilityTimeout',
      'DelaySeconds',
      'MessageRetentionPeriod',
      'RedrivePolicy',
    ],
    ignored: {
      ...TAGS,
      QueueName: 'it is taken as the name',
      FifoThroughputLimit: 'throughput is not limited locally',
      RedriveAllowPolicy: PERMISSION_OF_RESOURCE,
      SqsManagedSseEnabled: AT_REST,
      KmsMasterKeyId: AT_REST,
      KmsDataKeyReusePeriodSeconds: AT_REST,
    },
  },
  'AWS::SQS::QueuePolicy': skip(PERMISSION_OF_RESOURCE),
  'AWS::ApiGatewayV2::Api': {
    identify: apiIdentity,
    served: ['ProtocolType', 'RouteSelectionExpression'],
    ignored: { ...TAGS, Name: OPERATIONS, ApiKeySelectionExpression: 'no route may need an API key here' },
  },
  'AWS::ApiGatewayV2::Stage': {
    identify: stageIdentity,
    served: ['ApiId', 'StageName'],
    ignored: {
      ...TAGS,
      AutoDeploy: 'a restart deploys',
      DeploymentId: 'a restart deploys',
      AccessLogSettings: 'the terminal shows every event',
      DefaultRouteSettings: 'throttling, metrics and execution logs are not there locally',
      RouteSettings: 'throttling, metrics and execution logs are not there locally',
    },
  },
  'AWS::ApiGatewayV2::Route': {
    identify: internalIdentity('RouteId'),
    served: [
      'ApiId',
      'RouteKey',
      'Target',
      'AuthorizationType',
      'AuthorizerId',
      'RouteResponseSelectionExpression',
      'ApiKeyRequired',
    ],
    ignored: { OperationName: OPERATIONS },
  },
  'AWS::ApiGatewayV2::RouteResponse': {
    identify: internalIdentity('RouteResponseId'),
    served: ['ApiId', 'RouteId', 'RouteResponseKey'],
    ignored: {},
  },
  'AWS::ApiGatewayV2::Integration': {
    identify: internalIdentity('IntegrationId'),
    served: ['ApiId', 'IntegrationType', 'IntegrationUri', 'TimeoutInMillis', 'PayloadFormatVersion'],
    ignored: {
      ...TAGS,
      IntegrationMethod: 'a function is always invoked by POST',
      ConnectionType: 'a function is reached through the internet alone',
      ContentHandlingStrategy: 'a function gets text',
      PassthroughBehavior: 'a function gets what is sent',
      CredentialsArn: 'what the gateway may invoke is told by the functions’ permissions',
    },
  },
  'AWS::ApiGatewayV2::IntegrationResponse': skip('a function’s own answer is passed on'),
  'AWS::ApiGatewayV2::Authorizer': {
    identify: internalIdentity('AuthorizerId'),
    served: ['ApiId', 'AuthorizerType', 'AuthorizerUri', 'IdentitySource'],
    ignored: {
      Name: OPERATIONS,
      AuthorizerResultTtlInSeconds: 'WebSocket APIs cache no answer of an authorizer',
      JwtConfiguration: NO_HTTP_AUTHORIZERS,
      AuthorizerPayloadFormatVersion: NO_HTTP_AUTHORIZERS,
      EnableSimpleResponses: NO_HTTP_AUTHORIZERS,
    },
  },
  'AWS::ApiGatewayV2::Deployment': skip('a restart deploys', internalIdentity('DeploymentId')),
  'AWS::IAM::Role': {
    identify: roleIdentity,
    served: ['Policies', 'ManagedPolicyArns'],
    ignored: {
      ...TAGS,
      RoleName: 'it is taken as the name',
      AssumeRolePolicyDocument: 'a function gets the credentials of its own role alone',
      MaxSessionDuration: 'local credentials last as long as the server',
      Path: OPERATIONS,
    },
  },
  'AWS::IAM::Policy': {
    identify: internalIdentity('Id'),
    served: ['PolicyDocument', 'Roles'],
    ignored: { PolicyName: OPERATIONS },
  },
  'AWS::IAM::RolePolicy': {
    identify: internalIdentity(),
    served: ['PolicyDocument', 'RoleName'],
    ignored: { PolicyName: OPERATIONS },
  },
  'AWS::IAM::ManagedPolicy': {
    identify: managedPolicyIdentity,
    served: ['PolicyDocument', 'Roles'],
    ignored: { ...TAGS, ManagedPolicyName: 'it is taken as the name', Path: OPERATIONS },
  },
  'AWS::SecretsManager::Secret': {
    identify: secretIdentity,
    served: ['GenerateSecretString'],
    ignored: { ...TAGS, Name: 'it is taken as the name', KmsKeyId: AT_REST },
  },
  'AWS::SecretsManager::RotationSchedule': skip('a local secret stays until its file is deleted'),
  'AWS::SecretsManager::ResourcePolicy': skip(PERMISSION_OF_RESOURCE),
  'AWS::Cognito::UserPool': { identify: userPoolIdentity, served: [], ignored: LOCAL_ISSUER },
  'AWS::Cognito::UserPoolClient': { identify: userPoolClientIdentity, served: [], ignored: LOCAL_ISSUER },
  'AWS::Cognito::UserPoolDomain': skip(LOCAL_ISSUER, userPoolDomainIdentity),
  'AWS::Cognito::UserPoolGroup': skip(LOCAL_ISSUER),
  'AWS::Cognito::ManagedLoginBranding': skip(LOCAL_ISSUER),
  'AWS::ApiGateway::Account': skip('the terminal shows every event'),
  'AWS::Logs::LogGroup': skip('logs go to the terminal', logGroupIdentity),
  'AWS::Logs::MetricFilter': skip(OPERATIONS),
  'AWS::Logs::QueryDefinition': skip(OPERATIONS),
  'AWS::CloudWatch::Alarm': skip(OPERATIONS),
  'AWS::CloudWatch::CompositeAlarm': skip(OPERATIONS),
  'AWS::CloudWatch::Dashboard': skip(OPERATIONS),
  'AWS::CDK::Metadata': skip('it only counts which constructs are used'),
};
