interface Handshake {
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
}

/** `$connect` that has done its work and then waits for the address that the handshake names as `gate`. */
export function wrap<R>(connect: (event: Handshake, context: unknown) => Promise<R>): typeof connect {
  return async (event, context) => {
    const result = await connect(event, context);
    const gate = event.queryStringParameters?.gate;
    if (gate !== undefined) await fetch(gate);
    return result;
  };
}
