/** Whether what a history was found not to be comes of a stale read. */
import type { ServiceOperation } from './service-history.js';
import type { PlayedRequest } from './workload.js';

/** The first query of the part that was answered from an older state than one that its client had seen before; null: none was. */
export function staleReadText(part: readonly ServiceOperation[], played: readonly PlayedRequest[]): string | null {
  for (const query of played) {
    if (query.call?.kind !== 'query' || query.answer === null || !part.some((one) => isThat(one, query))) continue;
    const { version, by } = query.answer;
    const seen = played.find(
      ({ client, endedAt, answer }) =>
        client === query.client && endedAt <= query.calledAt && answer !== null && answer.version > version,
    );
    if (seen?.answer == null) continue;
    return `A stale read: ${query.client} had been answered by ${seen.answer.by.join()} from version ${seen.answer.version} of the state, and ${query.op} by ${by.join()} from version ${version}.`;
  }
  return null;
}

/** A client makes one request at a time. */
const isThat = ({ process, call }: ServiceOperation, { client, calledAt }: PlayedRequest): boolean =>
  call === calledAt && String(process).replace(/~\d+$/, '') === client;
