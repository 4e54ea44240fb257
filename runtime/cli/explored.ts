/**
 * What came of an exploration, for people.
 */
import type { Explored, PropertyVerdict } from '../explore/engine.js';

export function readableExploration(explored: Explored): string {
  const { name, states, transitions, depth, seconds, complete, why, violations, properties } = explored;
  const rate = Math.round(transitions / Math.max(seconds, 0.001));
  const lines = [
    name,
    `${count(states)} states, ${count(transitions)} transitions, depth ${depth}, ${seconds.toFixed(1)} s (${count(rate)} transitions a second)`,
    complete ? 'Every state was reached.' : `Not every state was reached: ${why}.`,
    '',
    ...properties.map((property) => `${marks[property.verdict]} ${property.kind}: ${property.name}${after(property)}`),
  ];
  for (const { property, why: reason, way } of violations) {
    lines.push('', `${property}: ${reason}${way.length === 0 ? '' : ', after'}`);
    for (const { number, action, changes } of way)
      lines.push(`${String(number).padStart(3)}. ${action}`, ...changes.map((change) => `       ${change}`));
  }
  const unreached = explored.coverage.flatMap(({ machine, unreached }) => unreached.map((id) => `${id} (${machine})`));
  if (complete && unreached.length > 0)
    lines.push('', `States of charts that were never entered: ${unreached.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

const marks: Record<PropertyVerdict['verdict'], string> = { holds: '✓', violated: '✗', unknown: '?' };

const count = (value: number): string => value.toLocaleString('en');

function after({ kind, verdict, way }: PropertyVerdict): string {
  if (verdict === 'unknown') return ' (unknown)';
  return kind === 'sometimes' && way !== null ? ` (after ${way.length} steps)` : '';
}
