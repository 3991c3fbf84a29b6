import { describe, expect, it } from 'vitest';
import { checkedIssuer } from '../../lib/issuer.ts';

describe('an issuer', () => {
  it.each(['https://login.example.com', 'https://login.example.com/', 'https://example.com:8443/realms/team'])(
    'may be %s, and stays as it is written',
    (url) => {
      expect(checkedIssuer({ url, audience: 'parley' })).toEqual({ url, audience: 'parley' });
    },
  );

  it.each([
    'http://login.example.com',
    'login.example.com',
    '',
    'https://example.com?tenant=1',
    'https://example.com#top',
    'https://user@example.com',
    'https://example.com/a b',
  ])('may not be %j', (url) => {
    expect(() => checkedIssuer({ url, audience: 'parley' })).toThrow(
      `issuer.url: is ${JSON.stringify(url)}: a URL with https and without query and fragment is allowed`,
    );
  });

  it('needs an audience, so that a token for somebody else is refused', () => {
    expect(() => checkedIssuer({ url: 'https://example.com', audience: '' })).toThrow('issuer.audience: is "": ');
  });
});
