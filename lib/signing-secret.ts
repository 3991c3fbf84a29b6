import { CfnOutput, Validations } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** What stays of the secret when the stack goes. */
export interface SigningSecretProps {
  readonly retention: Retention;
}

/**
 * The stack's own keys, made by Secrets Manager and known to nobody: `{ "signingKey": "…" }`. The key of the server API is
 * derived from it, since one value is all that can be generated, until the owner puts an `apiKey` beside it.
 */
export class SigningSecret extends Construct {
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, { retention }: SigningSecretProps) {
    super(scope, id);
    const secret = new Secret(this, 'Secret', {
      description:
        "Parley's own keys: signingKey signs tokens that no issuer can (HS256); apiKey opens the server API, and is derived from it where it is not set",
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'signingKey',
        // letters and digits alone, so that it passes through shells and environments; 64 of them are 381 bits
        excludePunctuation: true,
        passwordLength: 64,
      },
      removalPolicy: retention.removalPolicy,
    });
    pinLogicalId(secret, 'SigningSecret');
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'A new value ends the tokens that the old one signed, so its time is for the owner to choose: put one, and the ' +
        'functions read it, without a deployment.',
    });
    pinLogicalId(new CfnOutput(this, 'SecretArn', { value: secret.secretArn }), 'SecretArn');
    this.secret = secret;
  }
}
