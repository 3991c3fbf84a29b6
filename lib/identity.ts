import { CfnOutput } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { checkedIssuer, type IssuerOptions } from './issuer.ts';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';
import { ChatUserPool, type ChatUserPoolOptions } from './user-pool.ts';

/** Who says who somebody is, and whether somebody must be anybody. */
export interface IdentityOptions extends ChatUserPoolOptions {
  /**
   * The OpenID issuer of the users' tokens.
   * @default - a Cognito user pool of the stack
   */
  readonly issuer?: IssuerOptions;
  /**
   * The claim of the issuer's tokens that names the user. The user of the stack's own pool is its username.
   * @default 'sub'
   */
  readonly userClaim?: string;
  /**
   * Whether a client needs its token for the handshake (`token`), or may bring it in its `connect` command (`open`).
   * @default 'token'
   */
  readonly handshake?: 'token' | 'open';
  /**
   * With `handshake: 'open'`: whether a client without any token is the user `''`.
   * @default false
   */
  readonly allowAnonymous?: boolean;
}

/** Who says who somebody is, and what stays of it when the stack goes. */
export interface IdentityProps extends IdentityOptions {
  readonly retention: Retention;
}

/** The issuer whose tokens are trusted: the stack's own user pool, or another. */
export class Identity extends Construct {
  /** What the functions that verify tokens are told of the issuer. */
  readonly issuer: Readonly<Record<string, string>>;
  /** What the authorizer is told of who may come in. */
  readonly handshake: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: IdentityProps) {
    super(scope, id);
    const { issuer, handshake = 'token', allowAnonymous = false } = props;
    if (handshake !== 'token' && handshake !== 'open') {
      throw new Error(`handshake: is ${JSON.stringify(handshake)}: 'token' and 'open' are allowed`);
    }
    if (allowAnonymous && handshake !== 'open') {
      throw new Error("allowAnonymous: is true: only allowed with handshake 'open'");
    }
    this.handshake = { HANDSHAKE: handshake, ALLOW_ANONYMOUS: String(allowAnonymous) };
    this.issuer = issuer === undefined ? this.#ofOwnPool(props) : ofOtherIssuer(checkedIssuer(issuer), props);
  }

  #ofOwnPool(props: IdentityProps): Record<string, string> {
    if (props.userClaim !== undefined) {
      throw new Error("userClaim: only allowed with an issuer: the user of the stack's own pool is its username");
    }
    const { pool, client } = new ChatUserPool(this, 'Users', props);
    pinLogicalId(new CfnOutput(this, 'UserPoolId', { value: pool.userPoolId }), 'UserPoolId');
    pinLogicalId(new CfnOutput(this, 'UserPoolClientId', { value: client.userPoolClientId }), 'UserPoolClientId');
    return {
      ISSUER_URL: pool.userPoolProviderUrl,
      ISSUER_CLIENT_ID: client.userPoolClientId,
      USER_CLAIM: 'username',
    };
  }
}

function ofOtherIssuer({ url, audience }: IssuerOptions, props: IdentityProps): Record<string, string> {
  for (const option of ['selfSignUp', 'callbackUrls'] as const) {
    if (props[option] !== undefined)
      throw new Error(`${option}: only allowed without an issuer: it makes no user pool`);
  }
  const { userClaim = 'sub' } = props;
  if (userClaim === '') throw new Error("userClaim: is '': the name of a claim is allowed, such as 'sub'");
  return { ISSUER_URL: url, ISSUER_AUDIENCE: audience, USER_CLAIM: userClaim };
}
