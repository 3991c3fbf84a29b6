import type { Member, Publication } from '../chat/ports.ts';

/** A message as Centrifugo's `Publication`; who published it is there where that was a client. */
export const pubOf = ({ data, user = '', connection, info, offset, tags = {}, time }: Publication) => ({
  data,
  ...(connection !== undefined && { info: infoOf({ user, connection, info }) }),
  offset,
  ...(Object.keys(tags).length > 0 && { tags }),
  time,
});

/** A reader, or publisher, as Centrifugo's `ClientInfo`: readers count on `user` and `client`, also where they are empty. */
export const infoOf = ({ user, connection, info, channelInfo }: Member) => ({
  user,
  client: connection,
  conn_info: info,
  chan_info: channelInfo,
});
