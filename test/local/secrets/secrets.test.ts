import { describe, expect, it } from 'vitest';
import type { SecretDeclaration } from '../../../local/declarations.ts';
import { openSecrets } from '../../../local/secrets/secrets.ts';
import { StartError } from '../../../local/start-error.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Parley-SigningSecret-a1b2c3';
const NAME = 'Parley-SigningSecret';
const NOW = Date.UTC(2026, 0, 1);

const declaration: SecretDeclaration = {
  logicalId: 'SigningSecret',
  name: NAME,
  arn: ARN,
  generate: { SecretStringTemplate: '{"a":1}', GenerateStringKey: 'signingKey', PasswordLength: 40 },
};

/** Values by their names, as `.parley/` keeps them. */
function keptIn(values: Map<string, string>) {
  return async (name: string, make: () => string) => {
    const value = values.get(name) ?? make();
    values.set(name, value);
    return value;
  };
}

async function opened(declared: SecretDeclaration, values = new Map<string, string>(), apiKey?: string) {
  const secrets = await openSecrets([declared], {
    kept: keptIn(values),
    now: NOW,
    ...(apiKey !== undefined && { apiKey }),
  });
  const call = async (operation: string, input: unknown) => {
    const body = typeof input === 'string' ? input : JSON.stringify(input);
    const answer = await secrets.handle(`secretsmanager.${operation}`, body, new AbortController().signal);
    return { status: answer.status, ...JSON.parse(answer.body) };
  };
  return { secrets, call };
}

describe("a secret's value", () => {
  it('is generated as declared, into the template', async () => {
    const values = new Map<string, string>();
    const { call } = await opened(declaration, values);
    const { SecretString, ...rest } = await call('GetSecretValue', { SecretId: ARN });
    const signingKey = values.get('signingKey');
    expect(signingKey).toHaveLength(40);
    expect(JSON.parse(SecretString)).toEqual({ a: 1, signingKey });
    expect(rest).toMatchObject({
      status: 200,
      ARN,
      Name: NAME,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: NOW / 1000,
    });
  });

  it('is the one that was kept under the name of its key', async () => {
    const { call } = await opened(declaration, new Map([['signingKey', 'kept']]));
    const { SecretString } = await call('GetSecretValue', { SecretId: ARN });
    expect(JSON.parse(SecretString)).toEqual({ a: 1, signingKey: 'kept' });
  });

  it('has the API key that was given', async () => {
    const { call } = await opened(declaration, new Map([['signingKey', 'kept']]), 'k1');
    const { SecretString } = await call('GetSecretValue', { SecretId: ARN });
    expect(JSON.parse(SecretString)).toEqual({ a: 1, signingKey: 'kept', apiKey: 'k1' });
  });

  it('is a text where it is declared so', async () => {
    const values = new Map<string, string>();
    const { call } = await opened({ ...declaration, generate: { PasswordLength: 12 } }, values, 'k1');
    expect((await call('GetSecretValue', { SecretId: ARN })).SecretString).toBe(values.get('SigningSecret'));
  });

  it('is refused where its declaration is one that Secrets Manager refuses', async () => {
    const half = opened({ ...declaration, generate: { GenerateStringKey: 'signingKey' } });
    await expect(half).rejects.toThrow(StartError);
    const text = opened({ ...declaration, generate: { GenerateStringKey: 'k', SecretStringTemplate: '{' } });
    await expect(text).rejects.toThrow('SigningSecret: SecretStringTemplate is not JSON.');
  });
});

describe('a secret that is asked for', () => {
  it('is found by its name', async () => {
    const { call } = await opened(declaration);
    expect(await call('DescribeSecret', { SecretId: NAME })).toMatchObject({ status: 200, ARN, Name: NAME });
    const { VersionId } = await call('GetSecretValue', { SecretId: NAME });
    expect(await call('DescribeSecret', { SecretId: NAME })).toMatchObject({
      VersionIdsToStages: { [VersionId]: ['AWSCURRENT'] },
    });
  });

  it.each([
    ['another secret', { SecretId: 'Other' }, 'the specified secret.'],
    ['a stage that there is not', { SecretId: ARN, VersionStage: 'AWSPENDING' }, 'staging label: AWSPENDING'],
    ['a version that there is not', { SecretId: ARN, VersionId: 'v1' }, 'VersionId: v1'],
  ])('is not found as %s', async (_, input, message) => {
    const { call } = await opened(declaration);
    expect(await call('GetSecretValue', input)).toEqual({
      status: 400,
      __type: 'ResourceNotFoundException',
      Message: expect.stringContaining(message),
    });
  });

  it('must be named, in JSON, and for an operation that is served', async () => {
    const { call } = await opened(declaration);
    expect(await call('GetSecretValue', '{')).toMatchObject({ status: 400, __type: 'InvalidParameterException' });
    expect(await call('GetSecretValue', {})).toMatchObject({ status: 400, __type: 'InvalidParameterException' });
    expect(await call('PutSecretValue', { SecretId: ARN })).toMatchObject({
      __type: 'UnknownOperationException',
      Message: 'PutSecretValue is not served by the local Secrets Manager.',
    });
  });
});

describe('what a call needs', () => {
  it('is the action on the ARN, also where the secret is named', async () => {
    const { secrets } = await opened(declaration);
    const needs = [{ action: 'secretsmanager:GetSecretValue', resource: ARN }];
    expect(secrets.iamOf('secretsmanager.GetSecretValue', JSON.stringify({ SecretId: NAME }))).toEqual(needs);
    expect(secrets.iamOf('secretsmanager.GetSecretValue', JSON.stringify({ SecretId: ARN }))).toEqual(needs);
  });

  it('is asked for also where there is no such secret', async () => {
    const { secrets } = await opened(declaration);
    const resourceOf = (SecretId: string) =>
      secrets.iamOf('secretsmanager.GetSecretValue', JSON.stringify({ SecretId }))[0]?.resource;
    expect(resourceOf('Other')).toBe('arn:aws:secretsmanager:us-east-1:000000000000:secret:Other-??????');
    expect(resourceOf(`${ARN}x`)).toBe(`${ARN}x`);
  });
});
