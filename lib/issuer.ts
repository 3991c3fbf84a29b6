/** An OpenID issuer whose access tokens are trusted. */
export interface IssuerOptions {
  /** The `iss` of its tokens, exactly as they name it: `https`, and a final `/` counts. */
  readonly url: string;
  /** The `aud` that its tokens must name. */
  readonly audience: string;
}

/** Answers `issuer` if its URL and audience can be one's; else throws an `Error` that says what is allowed. */
export function checkedIssuer(issuer: IssuerOptions): IssuerOptions {
  const { url, audience } = issuer;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // OpenID Connect Discovery 1.0, 3: a URL of the https scheme with no query or fragment
  if (parsed?.protocol !== 'https:' || /[?#]/.test(url) || parsed.username !== '' || /\s/.test(url)) {
    throw new Error(
      `issuer.url: is ${JSON.stringify(url)}: a URL with https and without query and fragment is allowed, such as ` +
        "'https://login.example.com/'",
    );
  }
  if (typeof audience !== 'string' || audience === '') {
    throw new Error(`issuer.audience: is ${JSON.stringify(audience)}: a name that is not empty is allowed`);
  }
  return issuer;
}
