import { z } from 'zod';
import type { Fill, Path } from '../plans/document.ts';
import { expectationAt } from '../plans/expectation.ts';

const VARIABLE = /\$?\$\{([^}]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Puts variables of the environment in the place of `${NAME}` in a value; `$${NAME}` stays as `${NAME}`. In values and
 * not in the text of the file: a secret with a quote or a colon stays a secret.
 */
export function fillFrom(env: NodeJS.ProcessEnv, filled: Set<string>): Fill {
  return (text) => {
    const names = [...text.matchAll(VARIABLE)]
      .filter(([whole]) => !whole.startsWith('$$'))
      .map(([, name = '']) => name);
    const odd = names.find((name) => !NAME.test(name));
    if (odd !== undefined) {
      const message = `\${${odd}} names no variable`;
      return {
        rule: 'CONFIG-ENV',
        message,
        instead: 'letters, digits and _, such as ${API_TOKEN}; $${...} for the text itself',
      };
    }
    const missing = names.filter((name) => env[name] === undefined);
    if (missing.length > 0) {
      const message = `the environment has no ${[...new Set(missing)].join(' and no ')}`;
      return {
        rule: 'CONFIG-ENV',
        message,
        instead: 'set it where tidegate is started, or write the value itself',
      };
    }
    const value = text.replaceAll(VARIABLE, (whole, name: string) => {
      return whole.startsWith('$$') ? whole.slice(1) : (env[name] ?? '');
    });
    if (names.length > 0) filled.add(value);
    return value;
  };
}

/** Variables are texts: those that stand where the schema wants a number become one. Changes `data`. */
export function numbersFrom(schema: z.ZodType, data: unknown, filled: ReadonlySet<string>): void {
  const walk = (value: unknown, path: Path): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      if (typeof member !== 'string' || !filled.has(member) || !/^\d+$/.test(member)) walk(member, at);
      else if (expectationAt(schema, at, data)?.alternatives[0] instanceof z.ZodNumber) {
        Object.assign(value, { [key]: Number(member) });
      }
    }
  };
  walk(data, []);
}
