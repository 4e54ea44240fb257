/**
 * Mutants of groups whose members come and go, and of passive replication in all its forms: in membership, flush, take-over, state
 * transfer, the agreed order and the lazy style. As in checked.mjs, each is found by a checker.
 */
const passive = ['sim', 'bank', '--replication', 'passive'];
const cold = [...passive, '--backups', 'cold'];
const readsAtBackups = [...passive, '--reads', 'backups'];
const requestsSent = [...passive, '--transfer', 'requests'];
/** Two clients who only read and one who only writes: a primary that has been left behind is still asked. */
const readers = [...passive, '--profile', 'partition', '--requests', 'test/mutants/readers.jsonl'];
/** Without crashes and partitions: with them a lazy style loses updates, as it says. */
const lazy = ['sim', 'bank', '--replication', 'lazy', '--reads', 'primary', '--profile', 'network'];
const dynamic = ['sim', 'bank', '--membership', 'dynamic'];
const agreed = [...dynamic, '--provider', 'agreed'];
/** A state that takes many chunks: what comes meanwhile has to be held. */
const large = ['sim', './test/mutants/large.mjs', '--membership', 'dynamic', '--each', '16'];
const exploredView = ['explore', 'membership', '--set', 'messages=1', '--set', 'suspicions=0'];
const exploredTakeOver = ['explore', 'bank', '--set', 'passive=1', '--set', 'replicas=2'];

const mutant = (rule, breaks, file, find, replace, by) => ({
  rule,
  breaks,
  file: `machines/${file}`,
  find,
  replace,
  by,
});

const membership = [
  mutant(
    'GM-4',
    'one replica of the service is believed that a view is decided',
    'membership/decision.ts',
    'Math.floor(service.length / 2) + 1;',
    '1;',
    dynamic,
  ),
  mutant(
    'GM-2',
    'who asks to join is let in only when there is another reason for a view',
    'membership/view-change.ts',
    'joiners(entry, collection, takesPart).length > 0 ||',
    '',
    dynamic,
  ),
];

const flush = [
  mutant(
    'VS-1',
    'a view ends without the reports of all who go on',
    'membership/view-change.ts',
    '    if (report === undefined) return null;\n',
    '    if (report === undefined) continue;\n',
    dynamic,
  ),
  mutant(
    'VS-1',
    'a view ends without the reports of all who go on, explored',
    'membership/view-change.ts',
    '    if (report === undefined) return null;\n',
    '    if (report === undefined) continue;\n',
    exploredView,
  ),
  mutant(
    'VS-1',
    'a member that has reported goes on delivering',
    'membership/view-end.ts',
    'noteSource(step, event.items, from);\n    report(step);',
    'noteSource(step, event.items, from);\n    advance(step);\n    report(step);',
    exploredView,
  ),
  mutant(
    'VS-1',
    'a member answers the flush without saying what it holds',
    'membership/flush.ts',
    '  holds: step.holds,\n  suspects',
    '  holds: {},\n  suspects',
    exploredView,
  ),
  mutant(
    'VS-1',
    'the cut is smaller than what the members hold together',
    'membership/view-change.ts',
    'if (upTo > (all[id] ?? 0)) all[id] = upTo;',
    'if (upTo < (all[id] ?? 0)) all[id] = upTo;',
    exploredView,
  ),
  mutant(
    'VS-1',
    'a view ends before all who go on hold the same',
    'membership/view-change.ts',
    'if (!reports.every((report) => holdsAll(report, cut))) return null;',
    'void holdsAll;',
    exploredView,
  ),
  mutant(
    'VS-1',
    'at the end of a view a member delivers all that it holds, also beyond the cut',
    'membership/installation.ts',
    'order.deliver(step, decree.cut);',
    'order.deliver(step, step.holds);',
    ['explore', 'membership', '--set', 'messages=1'],
  ),
  mutant(
    'VS-1',
    'nobody passes on what a crashed member has sent',
    'membership/flush.ts',
    "if (entries.length > 0) step.done.push(toSender(step.input, member, { type: 'relay', items: entries }));",
    '',
    exploredView,
  ),
  mutant(
    'VS-4',
    'what was held during the change is not sent in the next view',
    'membership/installation.ts',
    'orderOf(step.input).issue(step, pendingOf(step));',
    '',
    passive,
  ),
  mutant(
    'MC-6',
    'the sequencer of the next view begins its numbers anew',
    'membership/installation.ts',
    'step.numbered = orderOf(step.input).numbered(step, decree);',
    'step.numbered = 0;',
    dynamic,
  ),
];

const transfer = [
  mutant(
    'VS-5',
    'the response table is not transferred',
    'membership/install-point.ts',
    'executed = absorbExecuted(executed, part.entries);',
    'executed ??= absorbExecuted(executed, { ...part.entries, young: [], old: [] });',
    dynamic,
  ),
  mutant(
    'VS-5',
    'the state is transferred without its version',
    'membership/install-point.ts',
    '({ version, rest } = part);',
    '({ rest } = part);',
    dynamic,
  ),
  mutant(
    'VS-6',
    'nobody sends a joiner the state anew when its donor is gone',
    'membership/state-transfer.ts',
    'before === null || chosen(before)?.id !== chosen(after)?.id;',
    'before === null || (chosen(before) === undefined && chosen(after) !== undefined);',
    dynamic,
  ),
  mutant(
    'VS-5',
    'the state that comes before the view is lost',
    'membership/joiner.ts',
    'if (isEarly(chunk, view)) early = withEarly(early, event.from, chunk);',
    'if (isEarly(chunk, view)) stale += 1;',
    dynamic,
  ),
  mutant(
    'VS-5',
    'the donor sends the state to those who have it, and not to joiners',
    'membership/donor.ts',
    'view.members.filter(({ full }) => !full) : [];',
    'view.members.filter(({ full, id }) => full && id !== self) : [];',
    dynamic,
  ),
  mutant(
    'VS-5',
    'a joiner is not told since when the primary reigns',
    'passive/joining.ts',
    'const reign = { ...context.reign, since: Number(rest) };',
    'void rest;\n  const reign = context.reign;',
    passive,
  ),
  mutant(
    'VS-5',
    'a joiner is installed without the tail: what came while the state was on its way',
    'membership/joiner.ts',
    'const joined = { point: assembled.value, held, donor',
    'const joined = { point: assembled.value, held: held.slice(0, 0), donor',
    large,
  ),
];

const requests = [
  mutant(
    'PB-1',
    'a reply to one request answers the next one of its session',
    'passive/front-end.ts',
    'if (entry?.call.seq !== seq) late += 1;',
    'if (entry === undefined) late += 1;',
    passive,
  ),
  mutant(
    'PB-3',
    'the primary executes a request that comes again',
    'shared/executed-table.ts',
    "return request.seq === last.seq ? 'repeated' : 'stale';",
    "return request.seq === last.seq ? 'fresh' : 'stale';",
    passive,
  ),
  mutant(
    'PB-5',
    'backups are told the change the wrong way round',
    'passive/primary.ts',
    'object.change(acknowledged.value, current.value);',
    'object.change(current.value, acknowledged.value);',
    passive,
  ),
  mutant(
    'PB-5',
    'a backup says that it has a batch, and forgets it',
    'passive/backup.ts',
    '    current,\n    last,\n    acknowledged: before,',
    '    current: before,\n    last: last.slice(0, 0),\n    acknowledged: before,',
    exploredTakeOver,
  ),
  mutant(
    'PB-6',
    'a primary answers before its backups have the batch',
    'passive/primary.ts',
    '(underWay.delivered && underWay.awaited.length === 0)',
    'underWay.delivered',
    passive,
  ),
  mutant(
    'PB-6',
    'a primary answers before its backups have the batch, explored',
    'passive/primary.ts',
    '(underWay.delivered && underWay.awaited.length === 0)',
    'underWay.delivered',
    exploredTakeOver,
  ),
  mutant(
    'PB-7',
    'queries are answered without asking whether the others are still in the view',
    'passive/confirm.ts',
    'if (awaited.length === 0) return',
    'if (awaited.length >= 0) return',
    readers,
  ),
  mutant(
    'PB-7',
    'all confirmations of a query but one are enough',
    'passive/confirm.ts',
    'if (awaited.length > 0) return { round',
    'if (awaited.length > 1) return { round',
    readers,
  ),
  mutant(
    'PB-7',
    'in a new view nobody is asked again for the queries of the one before',
    'passive/confirm.ts',
    'return batches.length === 0 ? { effects: noEffects } : begin',
    'return batches.length >= 0 ? { effects: noEffects } : begin',
    passive,
  ),
  mutant(
    'PB-12',
    'a backup does not wait for what the front end has seen',
    'passive/reads.ts',
    'if (read.seen > version) continue;',
    '',
    readsAtBackups,
  ),
  mutant(
    'PB-12',
    'a front end asks for a read without the version that it saw',
    'passive/front-end-context.ts',
    'seen: Math.max(context.seen, call.seen ?? 0),',
    'seen: 0,',
    readsAtBackups,
  ),
  mutant(
    'PB-17',
    'a backup executes the requests that it is sent in another order',
    'passive/backup.ts',
    "executeBatches(replica, object, update.batches, 'refuse');",
    "executeBatches(replica, object, [...update.batches].reverse(), 'refuse');",
    requestsSent,
  ),
  mutant(
    'PB-1',
    'a front end does not ask again',
    'passive/front-end.ts',
    "actions: [assign(({ context }) => askNext(context, settings.reads)), 'emitEffects'],",
    "actions: [assign(() => ({ effects: [] })), 'emitEffects'],",
    passive,
  ),
  mutant(
    'PB-5',
    'the primary waits for all backups but one',
    'passive/primary.ts',
    'awaited: others(context) },',
    'awaited: others(context).slice(1) },',
    exploredTakeOver,
  ),
  mutant(
    'PB-5',
    'backups are told the new state without the responses',
    'passive/primary.ts',
    'version: current.version, results };',
    'version: current.version, results: [] };',
    exploredTakeOver,
  ),
];

const takeOver = [
  mutant(
    'PB-4',
    'take-over without the response table: backups do not keep the responses',
    'passive/backup.ts',
    'executed = recordExecuted(executed, session, { seq, outcome, version });',
    'void [recordExecuted, session, seq, outcome, version];',
    passive,
  ),
  mutant(
    'PB-8',
    'take-over without the response table, explored',
    'passive/backup.ts',
    'executed = recordExecuted(executed, session, { seq, outcome, version });',
    'void [recordExecuted, session, seq, outcome, version];',
    exploredTakeOver,
  ),
  mutant(
    'PB-8',
    'a backup takes over without what the last primary has sent it',
    'passive/backup.ts',
    '    current,\n    last,\n    acknowledged: before,',
    '    current: before,\n    last,\n    acknowledged: before,',
    passive,
  ),
  mutant(
    'PB-13',
    'a cold backup takes over without its log',
    'passive/view-change.ts',
    'const isCold = context.log.size > 0;',
    'const isCold = context.log.size < 0;',
    cold,
  ),
  mutant(
    'AR-6',
    'one reply is taken before the update outlives who gave it',
    'active/surviving.ts',
    'return told === undefined || silent ? null : told;',
    'return told === undefined || (silent && spoken.length === 0) ? null : told;',
    dynamic,
  ),
  mutant(
    'PB-8',
    'a backup takes what the first primary sends, and nothing of the next one',
    'passive/backup.ts',
    'if (update?.reign === since) updates',
    'if (update?.reign === Math.min(since, 1)) updates',
    passive,
  ),
  mutant(
    'PB-8',
    'take-over without the response table: a new primary forgets the responses that it was sent',
    'passive/view-change.ts',
    '    current,\n    acknowledged: current,\n    last: [],',
    '    current: { ...current, executed: { ...current.executed, young: emptyMap(), old: emptyMap() } },\n    acknowledged: current,\n    last: [],',
    passive,
  ),
  mutant(
    'PB-13',
    'a cold backup takes over with the first batch of its log alone',
    'passive/backup.ts',
    'place <= log.size; place++',
    'place <= Math.min(1, log.size); place++',
    cold,
  ),
];

const agreedOrder = [
  mutant(
    'MC-7',
    'what has no number when a view ends each member settles by its own proposals',
    'membership/agreed-cut.ts',
    'const words = openIn(decree);\n',
    'const words = openIn({ ...decree, unsettled: {} });\n',
    agreed,
  ),
  mutant(
    'MC-7',
    'a member proposes a number that it has seen',
    'membership/agreed-order.ts',
    'const number = known ? 0 : step.agreeing.clock + 1;',
    'const number = known ? 0 : Math.max(1, step.agreeing.clock);',
    agreed,
  ),
  mutant(
    'MC-7',
    'the last number proposed is the agreed one, not the largest',
    'membership/proposals.ts',
    'number: Math.max(before.number, number),',
    'number,',
    agreed,
  ),
  mutant(
    'MC-7',
    'the first to propose decides the number',
    'membership/proposals.ts',
    'members.every((id) => from.includes(id));',
    'members.some((id) => from.includes(id));',
    agreed,
  ),
  mutant(
    'MC-7',
    'a message is delivered by its proposed number',
    'membership/agreed-order.ts',
    'agreedAt === 0 || !isSafe',
    'agreedAt < 0 || !isSafe',
    agreed,
  ),
];

const lazyStyle = [
  mutant(
    'PB-14',
    'a slave says that it has taken what it has not',
    'lazy/slave.ts',
    'current = applied(current, item, object);',
    'if (item.version % 2 === 1) current = applied(current, item, object);',
    lazy,
  ),
  mutant(
    'PB-14',
    'slaves are brought up to date once, and never again',
    'lazy/master.ts',
    'receiving || sent !== null || has.version !== current.version;',
    'receiving || (sent === null && has.version === 0 && current.version > 0);',
    lazy,
  ),
  mutant(
    'PB-14',
    'slaves do not keep the responses',
    'lazy/slave.ts',
    'executed = recordExecuted(executed, session, { seq, outcome, version });',
    'void [session, seq, outcome, version];',
    lazy,
  ),
];

export const checkedGroups = [
  ...membership,
  ...flush,
  ...transfer,
  ...requests,
  ...takeOver,
  ...agreedOrder,
  ...lazyStyle,
];
