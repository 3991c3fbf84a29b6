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
        'await postRun(chat, state, pushes, current);',
        'await postRun(chat, state, pushes, current);\n  await chat.log.advance(state.name, state.turn, { offset: state.offset, last: state.last });',
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
    edits: [
      [chat('publications'), '(reader) => reader.from.epoch !== state.epoch', '() => false'],
      [chat('publications'), 'reader.from.epoch === state.epoch && ', ''],
    ],
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
    edits: [
      [
        chat('subscribing'),
        'const row: Subscription = { ...reader, cut: true };',
        "if (delivery !== 'refused') return undefined;\n  const row: Subscription = { ...reader, cut: true };",
      ],
    ],
  },
  {
    name: 'cut-before-told: a reader is cut off before its end is certain',
    edits: [
      [
        chat('departure'),
        'await chat.later.end(connection, {',
        'await chat.subscriptions.cut(channel, connection);\n  await chat.later.end(connection, {',
      ],
    ],
  },
  {
    name: 'covered-posted-again: a reader is sent what its subscribed already covered',
    edits: [[chat('fan-out'), '(document) => document.seq > seq ||', "(document) => document.seq > '' ||"]],
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
        chat('subscribing'),
        "const delivery = frame === ''",
        "await state.readers.put(subscriptionOf(event, seq, { ...beginning.position, offset: at }));\n  const delivery = frame === ''",
      ],
    ],
  },
  {
    name: 'handshake-given-up: a connection in its handshake is given up on its first 410',
    edits: [[chat('subscribing'), "delivery === 'gone' && event.handshake &&", "delivery === 'gone' && !event &&"]],
  },
  {
    name: 'later-unchecked: a delayed subscribe counts, whatever the client has asked since',
    edits: [[chat('subscribing'), 'event.attempt !== undefined || event.by', 'event.by']],
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
        'const leaves = new Map',
        'await chat.connections.remove(connection);\n  const leaves = new Map',
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
  {
    name: 'live-too-early: a reader counts as live before it has caught up',
    edits: [[chat('subscribing'), 'const isLive = isWhole && at === state.offset;', 'const isLive = true;']],
  },
  {
    name: 'sweep-of-the-young: the sweep takes a connection in its handshake for a dead one',
    edits: [[chat('sweep'), 'Math.max(interval - 1, YOUNGEST_MIN);', 'interval - 1;']],
  },
  {
    name: 'not-passed-by: a reader that is catching up is sent what is published meanwhile',
    edits: [[chat('publications'), ' && reader.at === undefined', '']],
  },
  {
    name: 'part-recovered: a gap of which a part has expired counts as recovered',
    edits: [[chat('recovery'), 'if (!isUnbroken(piece, since.offset)) return lost;', '']],
  },
  {
    name: 'removal-forgotten: what was removed is recovered',
    edits: [[chat('recovery'), 'Math.max(removed, offset', 'Math.max(offset']],
  },
  {
    name: 'removal-overlooked: a reader that is catching up is sent what was removed meanwhile',
    edits: [[chat('catching-up'), 'row.at < state.removed || ', '']],
  },
  {
    name: 'removal-repeated: a removal that is handled twice takes out what was published after it',
    edits: [[chat('channel-worker'), 'if (run.some(({ seq }) => seq <= state.last)) return;', '']],
  },
  {
    name: 'hole-passed-over: a reader that is catching up goes on behind what has expired',
    edits: [[chat('catching-up'), '|| !isUnbroken(piece, row.at)', '']],
  },
  {
    name: 'lost-silently: a reader is removed before it is told that its history has run out',
    edits: [
      [
        chat('catching-up'),
        'const text = chat.formats[row.format].unsubscribed',
        'await state.readers.remove(row.connection);\n  const text = chat.formats[row.format].unsubscribed',
      ],
    ],
  },
  {
    name: 'row-before-record: a reader whose history has run out is removed before its record forgets the channel',
    edits: [
      [
        chat('catching-up'),
        'await chat.connections.forget(row.connection, state.name, row.token);',
        'await state.readers.remove(row.connection);\n  await chat.connections.forget(row.connection, state.name, row.token);',
      ],
    ],
  },
  {
    name: 'more-not-asked-again: a subscribe that comes back does not ask for the rest again',
    edits: [[chat('subscribing'), 'if (row.at !== undefined && !row.cut) await', 'if (!row) await']],
  },
  {
    name: 'asked-before-noted: more is asked for before the row says how far the reader has come',
    edits: [
      [
        chat('catching-up'),
        'await state.readers.put({ ...reader, at });\n  await askForMore(chat, state.name, event);',
        'await askForMore(chat, state.name, event);\n  await state.readers.put(row);',
      ],
    ],
  },
  {
    name: 'contradicted: a second answer leaves out what the first one held',
    edits: [[chat('subscribing'), 'const mayContradict = isRepeat &&', 'const mayContradict = !event &&']],
  },
  {
    name: 'repeat-whole: a second answer is like the first, and may come between those to what was asked since then',
    edits: [[chat('subscribing'), 'const isWhole = !isRepeat ||', 'const isWhole = true ||']],
  },
  {
    name: 'repeat-revives: a subscription that has ended begins anew where its event comes back',
    edits: [
      [chat('subscribing'), 'if (isRepeat && (await latestOf(chat, event)) === undefined) return undefined;', ''],
    ],
  },
  {
    name: 'leave-after-row: who goes is told after its row is deleted',
    edits: [
      [
        chat('membership'),
        'await tellMoves(chat, state, [...moves.values()]);\n  await sideBySide(run, SIDE_BY_SIDE, (item) => finish(chat, state, item, moves.get(item)?.reader));',
        'await sideBySide(run, SIDE_BY_SIDE, (item) => finish(chat, state, item, moves.get(item)?.reader));\n  await tellMoves(chat, state, [...moves.values()]);',
      ],
    ],
  },
  {
    name: 'join-before-row: a join is told once, when its event is handled for the first time',
    edits: [[chat('membership'), 'return reader && {', 'return reader && receives === 1 && {']],
  },
];
