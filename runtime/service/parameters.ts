/** What the parameters of an operation are called, for whoever makes a form of it. */

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Those that a caller gives: without the state, and without the surroundings. They stand in the function's own text, so names are what
 * a bundler has left of them. A parameter that is taken apart has no name: null.
 */
export function parameterNames(operation: (...args: never[]) => unknown): readonly (string | null)[] {
  const [, ...given] = parametersIn(operation.toString());
  if (/=.*\bsurroundings\b/s.test(given.at(-1) ?? '')) given.pop();
  return given.map((text) => /^(?:\.\.\.\s*)?([\p{ID_Start}_$][\p{ID_Continue}$]*)/u.exec(text)?.[1] ?? null);
}

/** Each with its default. */
function parametersIn(text: string): string[] {
  const alone = /^\s*([\p{ID_Start}_$][\p{ID_Continue}$]*)\s*=>/u.exec(text);
  if (alone !== null) return [alone[1] ?? ''];
  const parameters: string[] = [];
  const open: string[] = [];
  let parameter = '';
  for (const [part] of text.matchAll(
    /\/\*.*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|./gs,
  )) {
    if (part.startsWith('//') || part.startsWith('/*')) continue;
    const isInside = open.length > 0 && open[0] === ')';
    if (part === open.at(-1)) open.pop();
    else if (part in closing) open.push(closing[part] ?? '');
    if (open.length === 0 && part === ')') break;
    if (!isInside) continue; // a computed name comes before
    if (part === ',' && open.length === 1) {
      parameters.push(parameter.trim());
      parameter = '';
    } else parameter += part;
  }
  return parameter.trim() === '' ? parameters : [...parameters, parameter.trim()];
}
