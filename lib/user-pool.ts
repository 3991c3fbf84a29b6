import { Duration, Validations } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  Mfa,
  OAuthScope,
  UserPool,
  type UserPoolClient,
  UserPoolClientIdentityProvider,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** Who may sign in, and from where. */
export interface ChatUserPoolOptions {
  /**
   * Whether anybody may make a user of their own. Off, since whoever finds the address could else join the team's
   * chat: an administrator invites users (`aws cognito-idp admin-create-user`).
   * @default false
   */
  readonly selfSignUp?: boolean;
  /**
   * Where a browser may be sent with its authorization code; `https`, or `http://localhost`.
   * @default - the page that is served locally
   */
  readonly callbackUrls?: readonly string[];
}

/** Who may join the pool, and what stays of it when the stack goes. */
export interface ChatUserPoolProps extends ChatUserPoolOptions {
  readonly retention: Retention;
}

/** The users of a stack that names no other issuer. A user is known by the username, which never changes. */
export class ChatUserPool extends Construct {
  readonly pool: UserPool;
  readonly client: UserPoolClient;

  constructor(scope: Construct, id: string, props: ChatUserPoolProps) {
    super(scope, id);
    const pool = new UserPool(this, 'Pool', {
      selfSignUpEnabled: props.selfSignUp ?? false,
      // usernames that differ in case alone would be taken for one another
      signInCaseSensitive: false,
      signInAliases: { username: true, email: true },
      autoVerify: { email: true },
      keepOriginal: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      featurePlan: FeaturePlan.ESSENTIALS,
      removalPolicy: props.retention.removalPolicy,
      deletionProtection: props.retention.deletionProtection,
    });
    pinLogicalId(pool, 'UserPool');
    Validations.of(pool).acknowledge(
      {
        id: 'AwsSolutions-COG2',
        reason: 'Each user may set up a second factor (TOTP); to demand it of all is for the team that owns the chat.',
      },
      {
        id: 'AwsSolutions-COG8',
        reason: 'The Plus plan is paid for each user; a stack that nobody uses is to cost about a dollar a month.',
      },
    );

    this.client = pool.addClient('Client', {
      // a browser cannot keep a secret: it proves itself by PKCE, or by SRP with the password
      generateSecret: false,
      authFlows: { userSrp: true },
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID, OAuthScope.PROFILE],
        callbackUrls: [...(props.callbackUrls ?? ['http://localhost:3000/'])],
      },
      supportedIdentityProviders: [UserPoolClientIdentityProvider.COGNITO],
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
    });
    pinLogicalId(this.client, 'UserPoolClient');
    this.pool = pool;
  }
}
