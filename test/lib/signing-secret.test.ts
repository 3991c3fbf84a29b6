import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

describe('the signing secret', () => {
  it('is made by Secrets Manager, of 64 letters and digits under signingKey', () => {
    expect(propertiesOf(templateOf(), 'SigningSecret').GenerateSecretString).toEqual({
      SecretStringTemplate: '{}',
      GenerateStringKey: 'signingKey',
      PasswordLength: 64,
      ExcludePunctuation: true,
    });
  });

  it('says what may be put into it', () => {
    const { Description } = propertiesOf(templateOf(), 'SigningSecret');
    expect(Description).toMatch(/signingKey .+ apiKey .+ derived/);
    // Secrets Manager's bound
    expect(Description.length).toBeLessThanOrEqual(2048);
  });
});
