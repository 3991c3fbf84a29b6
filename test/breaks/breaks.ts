/** A rule left out of the real code: each `[file, what stands there, what stands there instead]` is applied. */
export interface Break {
  readonly name: string;
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
}

const chat = (file: string) => `lambdas/chat/${file}.ts`;

/**
 * The rules of the design, left out one after the other: the tests of the core must notice each, most of them by the simulation.
 * (Rules that live in an adapter's conditions, `turn-ignored` and `claim-forgets`, are tested with the adapter.)
 */
export const BREAKS: readonly Break[] = [
  {
    name: 'head-first: the head advances before the messages are written',
    edits: [
      [
        chat('publications'),
        'await log.append(',
        'await log.advance(state.name, state.turn, { offset: newest.offset, last: newest.seq });\n  await log.append(',
      ],
    ],
  },
  {
    name: 'post-first: readers see a message before the head has advanced',
    edits: [
      [
        chat('publications'),
        'await log.advance(state.name, state.turn, { offset: newest.offset, last: newest.seq });',
        '',
      ],
      [
        chat('publications'),
        'await postRun(chat, state, messages);',
        'await postRun(chat, state, messages);\n  await chat.log.advance(state.name, state.turn, { offset: state.offset, last: state.last });',
      ],
    ],
  },
  {
    name: 'lease-ignored: a batch that was handed over late is worked on',
    edits: [[chat('deliver'), '(item) => isHeld.get(item) !== true', '() => false']],
  },
  {
    name: 'last-forgotten: a message that comes back is appended again',
    edits: [[chat('publications'), 'run.filter(({ seq }) => seq > state.last)', 'run.filter(() => true)']],
  },
  {
    name: 'claim-dropped: nothing remembers which events a dead worker had',
    edits: [[chat('channel-worker'), 'newestOf(items);\n  const ttl', 'OLDEST;\n  const ttl']],
  },
  {
    name: 'claim-shortens: the claim of a short batch hides when a dead worker had the events behind it',
    edits: [
      [
        chat('trial'),
        'later(head.suspect, head.claimed) : head.suspect',
        'later(head.suspect, items.findLast((item) => died(head, item, now, lease))?.seq ?? head.suspect) : head.suspect',
      ],
    ],
  },
  {
    name: 'claim-kept: what was given back in an orderly way and is handed over late looks like that of a dead worker',
    edits: [[chat('channel-worker'), 'await log.release(channel, turn);', '']],
  },
  {
    name: 'refusals-counted: what AWS refused counts against the event on trial',
    edits: [[chat('trial'), 'died(head, item, world.now(), state.lease) ? 1 : 0', '1']],
  },
  {
    name: 'parks-on: one event after the other is parked, though the fault is not theirs',
    edits: [[chat('trial'), 'before.after : isParked(before)', 'before.after : false']],
  },
  {
    name: 'queue-ignored: numbers of a queue that is gone are compared with those of this one',
    edits: [
      [
        chat('seq'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
        'stored?.startsWith(`${queue}#`) ? stored.slice(queue.length + 1) : OLDEST',
        "stored?.includes('#') ? stored.slice(stored.indexOf('#') + 1) : OLDEST",
      ],
    ],
  },
  {
    name: 'epoch-ignored: a reader of another epoch is left where it is',
    edits: [[chat('fan-out'), '(reader) => reader.from.epoch === state.epoch', '() => true']],
  },
  {
    name: 'always-alone: every event is handled under a trial of its own, for ever',
    edits: [[chat('channel-worker'), 'const alone = first.seq <= suspect;', 'const alone = true;']],
  },
  {
    name: 'counted-as-suspects: whatever came back is a suspect, also if no worker ever had it',
    edits: [
      [
        chat('trial'),
        'receives > 1 && seq <= head.claimed && now - head.claimedAt >= deathAfterMs',
        'receives > 1 && (seq <= head.claimed || now > 0)',
      ],
    ],
  },
  {
    name: 'suspects-in-company: an event under suspicion shares its process with other channels',
    edits: [
      [
        chat('deliver'),
        'const suspected = channels.keys().find((channel) => suspects.has(channel));',
        'const suspected = undefined;',
      ],
    ],
  },
  {
    name: 'unanswered-repeated: a post without an answer is posted again',
    edits: [
      [
        chat('posting'),
        "if (answer !== 'busy') return answer;",
        "if (answer === 'unanswered' && attempt === 0) continue;\n    if (answer !== 'busy') return answer;",
      ],
    ],
  },
  {
    name: 'unanswered-forgotten: a post without an answer is taken as done',
    edits: [[chat('fan-out'), "if (delivery === 'unanswered') return cutReader(chat, state, reader.connection);", '']],
  },
  {
    name: 'unanswered-subscribed: a subscribed without an answer leaves no trace',
    edits: [[chat('membership'), "if (delivery !== 'gone') await", "if (delivery === 'refused') await"]],
  },
  {
    name: 'cut-before-told: a reader is cut off before its end is certain',
    edits: [
      [
        chat('departure'),
        'await chat.later.end(connection, channel);',
        'await chat.subscriptions.cut(channel, connection);\n  await chat.later.end(connection, channel);',
      ],
    ],
  },
  {
    name: 'covered-posted-again: a reader is sent what its subscribed already covered',
    edits: [
      [chat('fan-out'), 'messages.findIndex((m) => m.seq > seq)', 'messages.findIndex((m) => m.seq > seq || true)'],
    ],
  },
  {
    name: 'parked-silently: nobody is told of a parked event',
    edits: [
      [
        chat('trial'),
        "if (event.type === 'publish' && seq <= state.last) {",
        "if (event.type) return;\n  if (event.type === 'publish' && seq <= state.last) {",
      ],
    ],
  },
  {
    name: 'repeat-unsubscribes: an unsubscribe that is handled twice removes the subscription that came after it',
    edits: [[chat('membership'), 'row !== undefined && row.seq > seq', 'false']],
  },
  {
    name: 'row-first: the subscription is written before its reply is accepted',
    edits: [
      [
        chat('membership'),
        'const delivery = await send(chat, event.connection, reply, state.lease.endsAt);\n  if (delivery',
        'await state.readers.put(subscriptionOf(event, seq, position));\n  const delivery = await send(chat, event.connection, reply, state.lease.endsAt);\n  if (delivery',
      ],
    ],
  },
  {
    name: 'handshake-given-up: a connection in its handshake is given up on its first 410',
    edits: [[chat('membership'), "delivery === 'gone' && event.handshake &&", "delivery === 'gone' && !event &&"]],
  },
  {
    name: 'later-unchecked: a delayed subscribe counts, whatever the client has asked since',
    edits: [[chat('membership'), 'if (event.attempt !== undefined && !(await', 'if (event.v > 1 && !(await']],
  },
  {
    name: 'noted-after-sending: the record names a channel only after the event was sent',
    edits: [
      [
        chat('commands'),
        'if (frame.notes.size > 0) {',
        'await send(frame);\n  frame.accepted.length = 0;\n  if (frame.notes.size > 0) {',
      ],
    ],
  },
  {
    name: 'record-first: the record of a connection is deleted before its leaves are sent',
    edits: [
      [
        chat('departure'),
        'const channels = new Set',
        'await chat.connections.remove(connection);\n  const channels = new Set',
      ],
    ],
  },
  {
    name: 'sender-deleted: a 410 deletes the sender',
    edits: [
      [
        chat('fan-out'),
        'return gone(chat, reader.connection, state.name);',
        "return gone(chat, 'sender', state.name);",
      ],
    ],
  },
];
