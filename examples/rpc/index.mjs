// Answers the clients' rpc: { method, data, user, client } → { data } or { error: { code, message } }
export async function handler({ method, data, user }) {
  switch (method) {
    case 'time':
      return { data: { time: Date.now() } };
    case 'echo':
      return { data: { user, data } };
    default:
      return { error: { code: 404, message: `no method ${method}` } };
  }
}
