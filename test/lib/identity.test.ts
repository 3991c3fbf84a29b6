import { describe, expect, it } from 'vitest';
import { makeStack, propertiesOf, templateOf } from './synthesis.ts';

const issuer = { url: 'https://login.example.com/', audience: 'parley' };
const toldTo = (template: ReturnType<typeof templateOf>, id: string) =>
  propertiesOf(template, id).Environment.Variables;

describe('identity', () => {
  const template = templateOf();

  it("trusts access tokens of the stack's own user pool where nothing is said, for users by their usernames", () => {
    for (const verifier of ['Authorizer', 'Commands']) {
      expect(toldTo(template, verifier)).toMatchObject({
        ISSUER_URL: { 'Fn::GetAtt': ['UserPool', 'ProviderURL'] },
        ISSUER_CLIENT_ID: { Ref: 'UserPoolClient' },
        USER_CLAIM: 'username',
      });
      expect(toldTo(template, verifier)).not.toHaveProperty('ISSUER_AUDIENCE');
    }
  });

  it('lets administrators alone make users, unless it is told otherwise', () => {
    expect(propertiesOf(template, 'UserPool').AdminCreateUserConfig).toEqual({ AllowAdminCreateUserOnly: true });
    expect(propertiesOf(templateOf({ selfSignUp: true }), 'UserPool').AdminCreateUserConfig).toEqual({
      AllowAdminCreateUserOnly: false,
    });
  });

  it('asks for strong passwords, offers a second factor, and takes no two users for one another', () => {
    expect(propertiesOf(template, 'UserPool')).toMatchObject({
      Policies: {
        PasswordPolicy: { MinimumLength: 12, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true },
      },
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      MfaConfiguration: 'OPTIONAL',
      UsernameConfiguration: { CaseSensitive: false },
      AliasAttributes: ['email'],
      DeletionProtection: 'ACTIVE',
    });
  });

  it('has a public client, by authorization code or by SRP, never by implicit flow or a plain password', () => {
    expect(propertiesOf(template, 'UserPoolClient')).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ['code'],
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      CallbackURLs: ['http://localhost:3000/'],
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    });
  });

  it('sends a browser back to where it is told', () => {
    const callbackUrls = ['https://chat.example.com/'];
    expect(propertiesOf(templateOf({ callbackUrls }), 'UserPoolClient').CallbackURLs).toEqual(callbackUrls);
  });

  it('trusts another issuer instead where one is named, and makes no user pool', () => {
    const other = templateOf({ issuer });
    other.resourceCountIs('AWS::Cognito::UserPool', 0);
    other.resourceCountIs('AWS::Cognito::UserPoolClient', 0);
    expect(toldTo(other, 'Authorizer')).toMatchObject({
      ISSUER_URL: 'https://login.example.com/',
      ISSUER_AUDIENCE: 'parley',
      USER_CLAIM: 'sub',
    });
    expect(toldTo(other, 'Authorizer')).not.toHaveProperty('ISSUER_CLIENT_ID');
    expect(Object.keys(other.toJSON().Outputs).sort()).toEqual(['ApiIamUrl', 'ApiUrl', 'SecretArn', 'WebSocketUrl']);
  });

  it("takes the user of another issuer's token from the claim it is told", () => {
    expect(toldTo(templateOf({ issuer, userClaim: 'email' }), 'Authorizer').USER_CLAIM).toBe('email');
  });

  it('needs a token at the handshake unless it is told otherwise', () => {
    expect(toldTo(template, 'Authorizer')).toMatchObject({ HANDSHAKE: 'token', ALLOW_ANONYMOUS: 'false' });
    expect(toldTo(templateOf({ handshake: 'open', allowAnonymous: true }), 'Authorizer')).toMatchObject({
      HANDSHAKE: 'open',
      ALLOW_ANONYMOUS: 'true',
    });
  });

  it.each([
    [{ allowAnonymous: true }, "allowAnonymous: is true: only allowed with handshake 'open'"],
    [{ handshake: 'closed' }, `handshake: is "closed": 'token' and 'open' are allowed`],
    [{ userClaim: 'sub' }, 'userClaim: only allowed with an issuer'],
    [{ issuer, userClaim: '' }, "userClaim: is '': "],
    [{ issuer, selfSignUp: true }, 'selfSignUp: only allowed without an issuer'],
    [{ issuer, callbackUrls: [] }, 'callbackUrls: only allowed without an issuer'],
    [{ issuer: { ...issuer, url: 'http://x.example' } }, 'issuer.url: is "http://x.example": '],
  ])('refuses %j', (props, message) => {
    expect(makeStack(props)).toThrow(message);
  });
});
